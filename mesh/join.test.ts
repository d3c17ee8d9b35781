import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { PROOFS, TOKENS } from '../test/vectors/token.ts';
import { RFC7748_KEY_PAIRS } from '../test/vectors/x25519.ts';
import { base64 } from './base64.ts';
import { hex } from './hex.ts';
import { caProof, type JoinOffer, joinOfferSchema, joinProof } from './join.ts';

const [{ authToken }] = TOKENS;
const [alice, bob] = RFC7748_KEY_PAIRS.map(({ publicKey }) => base64.encode(hex.decode(publicKey) ?? new Uint8Array()));

const GATEWAY: JoinOffer = joinOfferSchema.parse({
  joiner: {
    name: 'wg-us',
    credential: { kind: 'node', claims: 'roles=wireguard;routes=;aliases=;generation=0' },
  },
  nonce: 'cd'.repeat(32),
  mesh_public_key: alice,
  mesh_port: 51821,
  mesh_endpoint: null,
  wireguard: { public_key: bob, listen_port: 51820, endpoint: 'wg.example.com:51820' },
});

const HUB: JoinOffer = joinOfferSchema.parse({
  joiner: { name: 'hub', credential: { kind: 'operator' } },
  nonce: 'cd'.repeat(32),
  mesh_public_key: alice,
  mesh_port: 51821,
  mesh_endpoint: '203.0.113.7:51821',
  wireguard: null,
});

describe('the proofs of a join', () => {
  it("the coordinator's is the HMAC that OpenSSL computes", () => {
    const ca = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
    expect(caProof(authToken, 'ab'.repeat(32), ca)).toBe(PROOFS.ca);
  });

  it("the joiner's is the HMAC that OpenSSL computes", () => {
    expect(joinProof(authToken, GATEWAY)).toBe(PROOFS.gatewayJoin);
    expect(joinProof(authToken, HUB)).toBe(PROOFS.operatorJoin);
  });

  it.each<[string, Partial<JoinOffer>]>([
    ['name', { joiner: { ...GATEWAY.joiner, name: HUB.joiner.name } }],
    ['kind of credential', { joiner: { ...GATEWAY.joiner, credential: { kind: 'operator' } } }],
    ['claims', { joiner: { ...GATEWAY.joiner, credential: { kind: 'node', claims: 'other' } } }],
    ['nonce', { nonce: 'ef'.repeat(32) }],
    ['mesh key', { mesh_public_key: GATEWAY.wireguard?.public_key ?? HUB.mesh_public_key }],
    ['mesh port', { mesh_port: 51822 }],
    ['mesh endpoint', { mesh_endpoint: '203.0.113.7:51821' }],
    ['concentrator', { wireguard: null }],
    ['concentrator key', { wireguard: GATEWAY.wireguard && { ...GATEWAY.wireguard, public_key: HUB.mesh_public_key } }],
    ['concentrator port', { wireguard: GATEWAY.wireguard && { ...GATEWAY.wireguard, listen_port: 1 } }],
    ['concentrator endpoint', { wireguard: GATEWAY.wireguard && { ...GATEWAY.wireguard, endpoint: null } }],
  ])('covers the %s', (_, change) => {
    expect(joinProof(authToken, { ...GATEWAY, ...change })).not.toBe(PROOFS.gatewayJoin);
  });

  it('no other credential makes the same proof', () => {
    fc.assert(
      fc.property(fc.string(), (credential) => {
        fc.pre(credential !== authToken);
        expect(joinProof(credential, GATEWAY)).not.toBe(PROOFS.gatewayJoin);
      }),
    );
  });
});
