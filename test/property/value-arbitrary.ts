/** Arbitrary valid values of the model, for property tests. */
import fc from 'fast-check';
import { type Claims } from '../../mesh/claims.ts';
import { type Cidr, type Ipv4, ipv4FromNumber } from '../../mesh/ipv4.ts';
import { type Label, RESERVED_LABELS } from '../../mesh/name.ts';

const ALPHANUMERIC = Array.from('abcdefghijklmnopqrstuvwxyz0123456789');

/** Labels of every length, hyphens inside, none reserved. */
export const labelArbitrary: fc.Arbitrary<Label> = fc
  .tuple(
    fc.constantFrom(...ALPHANUMERIC),
    fc.option(
      fc.tuple(
        fc.string({ unit: fc.constantFrom(...ALPHANUMERIC, '-'), maxLength: 61 }),
        fc.constantFrom(...ALPHANUMERIC),
      ),
    ),
  )
  .map(([first, rest]) => `${first}${rest ? rest.join('') : ''}` as Label)
  .filter((label) => !RESERVED_LABELS.includes(label));

export const ipv4Arbitrary: fc.Arbitrary<Ipv4> = fc.integer({ min: 0, max: 0xffffffff }).map(ipv4FromNumber);

/** Networks with prefixes of the given lengths. */
export function cidrArbitrary(shortest: number, longest: number): fc.Arbitrary<Cidr> {
  return fc
    .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: shortest, max: longest }))
    .map(([value, length]) => `${ipv4FromNumber(value - (value % 2 ** (32 - length)))}/${String(length)}` as Cidr);
}

export const portArbitrary: fc.Arbitrary<number> = fc.integer({ min: 1, max: 65535 });

/** Hosts as endpoints have them: names, IPv4, IPv6. */
export const hostArbitrary: fc.Arbitrary<string> = fc.oneof(
  labelArbitrary.map((label) => `${label}.example.com`),
  ipv4Arbitrary,
  fc.ipV6().filter((address) => !address.includes('.')),
);

/** `host:port`, as the files have it. */
export const endpointTextArbitrary: fc.Arbitrary<string> = fc
  .tuple(hostArbitrary, portArbitrary)
  .map(([host, port]) => (host.includes(':') ? `[${host}]:${String(port)}` : `${host}:${String(port)}`));

export const hex64Arbitrary: fc.Arbitrary<string> = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(''));

export const claimsArbitrary: fc.Arbitrary<Claims> = fc.record({
  coordinator: fc.boolean(),
  wireguard: fc.boolean(),
  exit: fc.boolean(),
  routes: fc.uniqueArray(cidrArbitrary(0, 32), { maxLength: 5 }).map((routes) => routes.sort()),
  aliases: fc.uniqueArray(labelArbitrary, { maxLength: 5 }).map((aliases) => aliases.sort()),
  generation: fc.integer({ min: 0, max: 999_999_999 }),
});
