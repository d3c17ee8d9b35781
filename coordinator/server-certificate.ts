/**
 * The certificate with which the coordinator answers: a key that exists in memory only, short-lived, issued at every start
 * and again long before it ends.
 */
import { generateKeyPairSync } from 'node:crypto';
import {
  ExtendedKeyUsage,
  GeneralName,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_kp_serverAuth,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
} from '@peculiar/asn1-x509';
import type { Clock } from '../host/clock.ts';
import { addressPlan } from '../mesh/address-plan.ts';
import { COORDINATOR_NAME } from '../mesh/join.ts';
import type { MeshInfo } from '../mesh/state.ts';
import { type CertificateAuthority, THIS_NAME } from './certificate-authority.ts';
import { extension } from './certificate.ts';

const DAY_MS = 24 * 60 * 60 * 1000;

/** How long a server certificate is good for, and how long before its end it is replaced. */
export const SERVER_CERTIFICATE_DAYS = { lifetime: 90, renewBefore: 30 } as const;

/** How often its age is looked at: a timer cannot wait for two months, and the wall clock of a new machine may jump. */
const LOOK_MS = 60 * 60 * 1000;

/** Key and certificate, PEM, as `tls.createSecureContext` takes them. */
export interface ServerIdentity {
  readonly key: string;
  readonly cert: string;
}

/** A new key and its certificate for every name and address under which the coordinator answers. */
export function issueServerIdentity(authority: CertificateAuthority, mesh: MeshInfo, now: number): ServerIdentity {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const names = new Set([COORDINATOR_NAME, THIS_NAME, `coordinator.${mesh.suffix}`, `panel.${mesh.suffix}`]);
  const subjectNames = [
    ...[...names].map((dNSName) => new GeneralName({ dNSName })),
    new GeneralName({ iPAddress: addressPlan(mesh.cidr).coordinator }),
  ];
  const cert = authority.issue(
    {
      subject: COORDINATOR_NAME,
      holder: privateKey,
      lifetimeMs: SERVER_CERTIFICATE_DAYS.lifetime * DAY_MS,
      extensions: [
        extension(id_ce_keyUsage, true, new KeyUsage(KeyUsageFlags.digitalSignature)),
        extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage([id_kp_serverAuth])),
        extension(id_ce_subjectAltName, false, new SubjectAlternativeName(subjectNames)),
      ],
    },
    now,
  );
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert };
}

/** Calls `renew` whenever the current certificate nears its end, until the signal is aborted. */
export async function keepRenewed(renew: (now: number) => void, clock: Clock, signal: AbortSignal): Promise<void> {
  const { lifetime, renewBefore } = SERVER_CERTIFICATE_DAYS;
  let issued = clock.wall();
  for (;;) {
    await clock.sleep(LOOK_MS, signal);
    if (signal.aborted) return;
    const now = clock.wall();
    if (now - issued < (lifetime - renewBefore) * DAY_MS) continue;
    renew(now);
    issued = now;
  }
}
