import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Cidr, type Ipv4, ipv4FromNumber } from '../mesh/ipv4.ts';
import { PrivateKey, type PublicKey } from '../mesh/key.ts';
import { ProblemsError } from '../mesh/problem.ts';
import { parseWgQuick, renderWgQuick, type Tunnel } from './wg-quick.ts';

/** The first key pair of RFC 7748 §6.1 (Alice), as `wg` writes it. */
const ALICE = 'dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo=';
const BOB_PUBLIC = '3p7bfXt9wbTTW2HC7OQ1Nz+DQ8hbeGdNrfx+FG+IK08=' as PublicKey;

function privateKey(text: string): PrivateKey {
  const key = PrivateKey.parse(text);
  if (!key) throw new Error('the vector is not a key');
  return key;
}

const TUNNEL: Tunnel = {
  privateKey: privateKey(ALICE),
  address: '172.30.100.5' as Ipv4,
  prefixLength: 16,
  dns: ['172.30.0.1' as Ipv4],
  mtu: null,
  publicKey: BOB_PUBLIC,
  allowedIps: ['172.30.0.0/16' as Cidr],
  endpoint: { host: 'wg.example.com', port: 51820 },
  keepaliveSeconds: 25,
};

const ipv4 = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4FromNumber);
const cidr = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([value, length]) => {
    const size = 2 ** (32 - length);
    return `${ipv4FromNumber(value - (value % size))}/${String(length)}` as Cidr;
  });
const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => PrivateKey.generate(() => bytes));
const label = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
const host = fc.oneof(
  ipv4 as fc.Arbitrary<string>,
  fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.')),
  fc.constantFrom('2001:db8::1', 'fd00::', '::1'),
);
const tunnel: fc.Arbitrary<Tunnel> = fc.record({
  privateKey: key,
  address: ipv4,
  prefixLength: fc.integer({ min: 0, max: 32 }),
  dns: fc.array(ipv4, { maxLength: 3 }),
  mtu: fc.option(fc.integer({ min: 576, max: 65535 })),
  publicKey: key.map((secret) => secret.publicKey()),
  allowedIps: fc.array(fc.oneof(cidr, fc.constant('::/0' as const)), { minLength: 1, maxLength: 6 }),
  endpoint: fc.record({ host, port: fc.integer({ min: 1, max: 65535 }) }),
  keepaliveSeconds: fc.option(fc.integer({ min: 1, max: 65535 })),
});

function problemsOf(text: string): string[] {
  try {
    parseWgQuick(text);
  } catch (error) {
    if (error instanceof ProblemsError) return error.message.split('\n').slice(1);
    throw error;
  }
  return [];
}

describe('a client configuration', () => {
  it('has exactly the documented shape and order', () => {
    expect(renderWgQuick(TUNNEL)).toBe(`[Interface]
PrivateKey = ${ALICE}
Address = 172.30.100.5/16
DNS = 172.30.0.1

[Peer]
PublicKey = ${BOB_PUBLIC}
AllowedIPs = 172.30.0.0/16
Endpoint = wg.example.com:51820
PersistentKeepalive = 25
`);
  });

  it('leaves out what is not set, and nothing empty is ever written', () => {
    const text = renderWgQuick({ ...TUNNEL, dns: [], keepaliveSeconds: null });
    expect(text).not.toMatch(/DNS|MTU|PersistentKeepalive| = *$/m);
  });

  it('survives the way to text and back', () => {
    fc.assert(
      fc.property(tunnel, (original) => {
        const back = parseWgQuick(renderWgQuick(original));
        expect(back.privateKey.reveal()).toBe(original.privateKey.reveal());
        expect({ ...back, privateKey: null }).toEqual({ ...original, privateKey: null });
      }),
    );
  });

  it('rendered is always eight kinds of line and nothing else', () => {
    fc.assert(
      fc.property(tunnel, (original) => {
        for (const line of renderWgQuick(original).trimEnd().split('\n'))
          expect(line).toMatch(
            /^(?:\[Interface\]|\[Peer\]||(?:PrivateKey|Address|DNS|MTU|PublicKey|AllowedIPs|Endpoint|PersistentKeepalive) = [A-Za-z0-9+/=.:,[\] -]+)$/,
          );
      }),
    );
  });
});

describe('a hostile value', () => {
  const hostile = 'a\nPostUp = reboot';

  it.each([
    ['endpoint', { ...TUNNEL, endpoint: { host: hostile, port: 1 } }],
    ['address', { ...TUNNEL, address: hostile as Ipv4 }],
    ['public key', { ...TUNNEL, publicKey: hostile as PublicKey }],
    ['network', { ...TUNNEL, allowedIps: [hostile as Cidr] }],
    ['resolver', { ...TUNNEL, dns: [hostile as Ipv4] }],
  ])('in the %s cannot become a line of its own', (_, tunnel) => {
    expect(() => renderWgQuick(tunnel)).toThrow(RangeError);
  });

  it('that spells a template stays text', () => {
    expect(() => renderWgQuick({ ...TUNNEL, endpoint: { host: '{{privateKey}}', port: 1 } })).toThrow(RangeError);
  });
});

describe('reading a client configuration', () => {
  const good = renderWgQuick(TUNNEL);

  it('takes what every importer takes: comments, other case, CRLF, lists on several lines', () => {
    const text = good
      .replace('AllowedIPs = 172.30.0.0/16', 'allowedips = 172.30.0.0/16 ,10.0.0.0/8 # office\nALLOWEDIPS=::/0')
      .replace('[Peer]', '[PEER]')
      .replaceAll('\n', '\r\n');
    expect(parseWgQuick(text).allowedIps).toEqual(['172.30.0.0/16', '10.0.0.0/8', '::/0']);
  });

  it.each([
    ['a hook', good.replace('[Peer]', 'PostUp = reboot\n[Peer]'), 'PostUp'],
    ['a routing table', good.replace('[Peer]', 'Table = off\n[Peer]'), 'Table'],
    ['a key in the wrong section', good.replace('[Peer]', 'Endpoint = a:1\n[Peer]'), 'Endpoint'],
    ['keepalive "off"', good.replace('= 25', '= off'), '"off"; allowed: 1-65535'],
    ['an empty value', good.replace('DNS = 172.30.0.1', 'DNS ='), 'a value'],
    ['the same key twice', good.replace('[Peer]', 'Address = 10.0.0.1/8\n[Peer]'), '[Interface] Address once'],
    ['a second peer', `${good}\n[Peer]\n`, 'each section once'],
    ['an MTU that Windows refuses', good.replace('[Peer]', 'MTU = 575\n[Peer]'), '576-65535'],
    ['a search domain', good.replace('= 172.30.0.1', '= corp.example'), 'corp.example'],
    ['host bits in AllowedIPs', good.replace('172.30.0.0/16', '172.30.0.1/16'), 'host bits'],
    ['an endpoint without port', good.replace(':51820', ''), 'host:port'],
    ['a byte order mark', `\uFEFF${good}`, '[Interface] or [Peer] first'],
    ['a low-order public key', good.replace(BOB_PUBLIC, `${'A'.repeat(43)}=`), 'not of low order'],
    ['JavaScript’s own property names', good.replace('[Peer]', 'constructor = x\n[Peer]'), 'constructor'],
  ])('refuses %s', (_, text, expected) => {
    expect(problemsOf(text).join('\n')).toContain(expected);
  });

  it('names every problem at once', () => {
    expect(problemsOf('[Interface]\nAddress = 1.2.3/33\n[Peer]\nEndpoint = x\n')).toEqual([
      expect.stringContaining('[Interface] PrivateKey: missing'),
      expect.stringContaining('[Interface] Address: "1.2.3/33"'),
      expect.stringContaining('[Peer] PublicKey: missing'),
      expect.stringContaining('[Peer] AllowedIPs: missing'),
      expect.stringContaining('[Peer] Endpoint: "x"'),
    ]);
  });

  it('never quotes a private key, wherever it stands', () => {
    const broken = ALICE.slice(0, -2);
    for (const text of [
      good.replace(ALICE, broken),
      `PrivateKey = ${ALICE}\n${good}`,
      good.replace('[Peer]', `PrivateKey = ${ALICE}\n[Peer]`),
      `${good}PrivateKey = ${ALICE}\n`,
      good.replace('PrivateKey', 'PrivatKey'),
    ]) {
      const said = problemsOf(text).join('\n');
      expect(said).not.toBe('');
      expect(said).not.toContain(broken);
    }
  });

  it('answers any text with a tunnel or with problems, never with another error', () => {
    const words = fc.constantFrom(
      '[Interface]',
      '[Peer]',
      'PrivateKey = ',
      'Address=',
      ALICE,
      '\n',
      '1.2.3.4/5',
      '=',
      '#',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 20 }), (parts) => {
        expect(problemsOf(parts.join('')).length).toBeGreaterThan(0);
      }),
    );
  });

  it('refuses a file of unreasonable size before reading it', () => {
    expect(problemsOf('#'.repeat(70_000))).toEqual([expect.stringContaining('65536 at most')]);
  });
});
