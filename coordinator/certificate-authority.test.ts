import { generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, createServer } from 'node:tls';
import { GeneralName, id_ce_subjectAltName, SubjectAlternativeName } from '@peculiar/asn1-x509';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { systemClock } from '../host/clock.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import { CertificateAuthority } from './certificate-authority.ts';
import { extension } from './certificate.ts';
import {
  issueServerIdentity,
  keepRenewed,
  SERVER_CERTIFICATE_DAYS,
  type ServerIdentity,
} from './server-certificate.ts';

const MESH = { cidr: '172.30.0.0/16' as Cidr, suffix: 'office' as Label };
const NOW = Date.UTC(2026, 0, 1);
const DAY_MS = 86_400_000;

let directory: string;
let authority: CertificateAuthority;

// TLS takes no clock: whatever it shall verify must be valid by the machine's own.

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-ca-'));
  authority = await CertificateAuthority.open(directory, MESH, randomBytes, systemClock.wall());
});

afterAll(() => rm(directory, { recursive: true, force: true }));

/** Serves with the identity on loopback and says what a client that trusts the CA makes of it under this name. */
async function verify(identity: ServerIdentity, name: string): Promise<string> {
  const server = createServer({ ...identity }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await new Promise((resolve) => {
      const socket = connect({
        port: (server.address() as AddressInfo).port,
        host: '127.0.0.1',
        ca: authority.certificate,
        servername: /^[0-9.]+$/.test(name) ? '' : name,
        checkServerIdentity: (_host, certificate) => {
          const names = (certificate.subjectaltname ?? '').split(', ').map((entry) => entry.replace(/^.*:/, ''));
          return names.includes(name) ? undefined : new Error('the name is not in the certificate');
        },
      });
      socket.once('secureConnect', () => {
        resolve('trusted');
        socket.destroy();
      });
      socket.once('error', (error: Error) => {
        resolve(error.message);
      });
    });
  } finally {
    server.close();
  }
}

/** A certificate that the CA should never have signed. */
function strayIdentity(name: GeneralName): ServerIdentity {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const cert = authority.issue(
    {
      subject: 'stray',
      holder: privateKey,
      lifetimeMs: DAY_MS,
      extensions: [extension(id_ce_subjectAltName, false, new SubjectAlternativeName([name]))],
    },
    systemClock.wall(),
  );
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}

describe('the mesh CA', () => {
  it.each(['coordinator.tunnelmesh', 'this.tm', 'panel.office', 'coordinator.office', '172.30.0.1'])(
    'vouches for the coordinator as %s',
    async (name) => {
      expect(await verify(issueServerIdentity(authority, MESH, systemClock.wall()), name)).toBe('trusted');
    },
  );

  it.each([
    ['bank.example', new GeneralName({ dNSName: 'bank.example' })],
    ['tunnelmesh', new GeneralName({ dNSName: 'tunnelmesh' })],
    ['8.8.8.8', new GeneralName({ iPAddress: '8.8.8.8' })],
    ['172.31.0.1', new GeneralName({ iPAddress: '172.31.0.1' })],
  ])('is trusted for nothing outside the mesh: %s', async (name, generalName) => {
    expect(await verify(strayIdentity(generalName), name)).toBe('permitted subtree violation');
  });

  it('makes no other CA', () => {
    expect(new X509Certificate(issueServerIdentity(authority, MESH, NOW).cert).ca).toBe(false);
    expect(new X509Certificate(authority.certificate).ca).toBe(true);
  });

  it('is made once and kept, its key readable by its owner alone', async () => {
    const again = await CertificateAuthority.open(directory, MESH, randomBytes, NOW);
    expect(again.certificate).toBe(authority.certificate);
    expect((await stat(join(directory, 'ca.key'))).mode & 0o777).toBe(0o600);
  });

  it('issues its certificate anew from the same key when a crash came between the two files', async () => {
    const before = await readFile(join(directory, 'ca.key'), 'utf8');
    await rm(join(directory, 'ca.pem'));
    const again = await CertificateAuthority.open(directory, MESH, randomBytes, systemClock.wall());
    expect(await readFile(join(directory, 'ca.key'), 'utf8')).toBe(before);
    expect(await verify(issueServerIdentity(again, MESH, systemClock.wall()), 'this.tm')).toBe('trusted');
  });
});

describe('the server certificate', () => {
  it('is renewed a month before its end and not earlier', async () => {
    let now = NOW;
    const renewed: number[] = [];
    const stop = new AbortController();
    const day = (): number => Math.floor((now - NOW) / DAY_MS);
    const clock = {
      wall: () => now,
      monotonic: () => now,
      sleep: (ms: number): Promise<void> => {
        now += ms;
        if (day() > 130) stop.abort();
        return Promise.resolve();
      },
    };
    await keepRenewed(() => renewed.push(day()), clock, stop.signal);
    const first = SERVER_CERTIFICATE_DAYS.lifetime - SERVER_CERTIFICATE_DAYS.renewBefore;
    expect(renewed).toEqual([first, 2 * first]);
  });
});
