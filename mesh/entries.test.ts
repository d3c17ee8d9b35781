import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { anyMesh, clientRecord, meshState, peerRecord, publicKey } from '../test/fakes/example-mesh.ts';
import { clientEntries, entriesOf, ownersOf, peerEntries } from './entries.ts';
import { contentOf, type Entry, identityOf } from './entry.ts';
import type { MeshState } from './state.ts';

/** Entries as one would read them aloud. */
const said = (entries: readonly Entry[]): string[] =>
  entries.map((entry) => `${identityOf(entry)} = ${contentOf(entry)}`.replaceAll(/[A-Za-z0-9+/]{43}=/g, 'KEY').trim());
const machine = (state: MeshState, self: string): Entry[] =>
  ownersOf(state).flatMap((owner) => entriesOf(state, self, owner));
const anyMachine = anyMesh.chain((state) =>
  fc.record({ state: fc.constant(state), self: fc.constantFrom(...state.peers.keys()) }),
);

describe('the entries of a machine', () => {
  const state = meshState(
    [peerRecord(1, false), peerRecord(2, true), peerRecord(3, true)],
    [clientRecord(5, { gateway: 'p2' }), clientRecord(6, { gateway: 'p2', enabled: false })],
  );

  it('a peer is reached bare by the machine itself and wrapped for clients', () => {
    expect(said(peerEntries(state, 'p2', 'p1'))).toEqual([
      'wireguard tm0 KEY = 172.30.0.1 203.0.113.1:51821 25',
      'set peers4 172.30.0.1 =',
      'set may4 172.30.0.1 . 172.30.0.1 =',
      'route local 172.30.0.1 = device tm0',
      'route forward 172.30.0.1 = overlay 172.30.0.1',
      'host peer-1 = 172.30.0.1',
    ]);
    expect(said(peerEntries(state, 'p2', 'p2'))).toEqual(['host peer-2 = 172.30.0.2']);
  });

  it('a client is on its gateway by wg0, on other gateways by wg0 and overlay, elsewhere by overlay alone', () => {
    expect(said(clientEntries(state, 'p2', 'c5'))).toEqual([
      'host client-5 = 172.30.100.5',
      'wireguard wg0 KEY = 172.30.100.5 - -',
      'set here4 172.30.100.5 =',
      'route local 172.30.100.5 = device wg0',
      'route forward 172.30.100.5 = device wg0',
    ]);
    expect(said(clientEntries(state, 'p3', 'c5'))).toEqual([
      'host client-5 = 172.30.100.5',
      'wireguard wg0 KEY = 172.30.100.5 - -',
      'set may4 172.30.0.2 . 172.30.100.5 =',
      'route local 172.30.100.5 = overlay 172.30.0.2',
      'route forward 172.30.100.5 = overlay 172.30.0.2',
    ]);
    expect(said(clientEntries(state, 'p1', 'c5'))).toEqual([
      'host client-5 = 172.30.100.5',
      'set may4 172.30.0.2 . 172.30.100.5 =',
      'route local 172.30.100.5 = overlay 172.30.0.2',
    ]);
  });

  it('a disabled client has nothing but its name and a refusal', () => {
    expect(said(clientEntries(state, 'p2', 'c6'))).toEqual([
      'host client-6 = 172.30.100.6',
      'route local 172.30.100.6 = unreachable',
      'route forward 172.30.100.6 = unreachable',
    ]);
  });

  it('a machine that is no longer in the mesh has no entries', () => {
    expect(machine(state, 'p9')).toEqual([]);
  });

  it('a client that is disabled or has no key is no WireGuard peer and may send nothing, on any machine', () => {
    fc.assert(
      fc.property(anyMachine, ({ state, self }) => {
        for (const client of state.clients.values()) {
          if (client.enabled && client.public_key !== null) continue;
          const entries = clientEntries(state, self, client.id);
          expect(entries.filter(({ table }) => table === 'wireguard' || table === 'set')).toEqual([]);
        }
      }),
    );
  });

  it('no two owners claim the same entry, and each table says one thing of each address', () => {
    fc.assert(
      fc.property(anyMachine, ({ state, self }) => {
        const identities = machine(state, self).map(identityOf);
        expect(new Set(identities).size).toBe(identities.length);
      }),
    );
  });

  it('no two keys on one device may use the same source', () => {
    fc.assert(
      fc.property(anyMachine, ({ state, self }) => {
        const claims = machine(state, self).flatMap((entry) =>
          entry.table === 'wireguard' ? [`${entry.device} ${entry.address}`] : [],
        );
        expect(new Set(claims).size).toBe(claims.length);
      }),
    );
  });

  it('on every machine an inner source may come from one outer source only, and never from the machine itself', () => {
    fc.assert(
      fc.property(anyMachine, ({ state, self }) => {
        const pairs = machine(state, self).flatMap((entry) =>
          entry.table === 'set' && entry.set === 'may4' ? [entry.element] : [],
        );
        expect(new Set(pairs.map(([, inner]) => inner)).size).toBe(pairs.length);
        expect(pairs.map(([outer]) => outer)).not.toContain(state.peers.get(self)?.address);
      }),
    );
  });

  it('moving a client changes no other owner’s entries', () => {
    fc.assert(
      fc.property(anyMachine, fc.integer({ min: 1, max: 7 }), ({ state, self }, gateway) => {
        for (const client of state.clients.keys()) {
          const attachment = { client, gateway: `p${String(gateway)}`, sequence: 2 };
          const moved = { ...state, attachments: new Map([...state.attachments, [client, attachment]]) };
          for (const owner of ownersOf(state)) {
            if (owner !== `client:${client}`)
              expect(entriesOf(moved, self, owner)).toEqual(entriesOf(state, self, owner));
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('a machine without a concentrator has no wg0 and passes nothing on', () => {
    fc.assert(
      fc.property(anyMesh, (state) => {
        const entries = machine(state, 'p1');
        expect(entries.filter((entry) => entry.table === 'wireguard' && entry.device === 'wg0')).toEqual([]);
        expect(entries.filter((entry) => entry.table === 'route' && entry.scope === 'forward')).toEqual([]);
      }),
    );
  });

  it('a client’s key is the one of its record', () => {
    const [entry] = clientEntries(state, 'p3', 'c5').filter(({ table }) => table === 'wireguard');
    expect(entry).toMatchObject({ key: publicKey(8 * 5 + 2), endpoint: null, keepaliveSeconds: null });
  });
});
