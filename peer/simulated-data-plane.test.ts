import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { contentOf, identityOf } from '../mesh/entry.ts';
import type { Touched } from '../mesh/replica.ts';
import type { MeshState } from '../mesh/state.ts';
import { anyMesh, clientRecord, ipv4, meshState, peerRecord } from '../test/fakes/example-mesh.ts';
import { SimulatedDataPlane } from './simulated-data-plane.ts';

const tables = (plane: SimulatedDataPlane): string[] =>
  plane.entries.map((entry) => `${identityOf(entry)} = ${contentOf(entry)}`).sort();
const opened = async (state: MeshState): Promise<SimulatedDataPlane> => {
  const plane = new SimulatedDataPlane('p2');
  await plane.start();
  await plane.apply(state, { all: true });
  return plane;
};

/** The ids that differ between two states, as the stream would name them. */
function touchedBetween(from: MeshState, to: MeshState): Touched {
  const differing = (a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] =>
    [...new Set([...a.keys(), ...b.keys()])].filter((id) => JSON.stringify(a.get(id)) !== JSON.stringify(b.get(id)));
  const clients = [...differing(from.clients, to.clients), ...differing(from.attachments, to.attachments)];
  return { all: false, peers: differing(from.peers, to.peers), clients: [...new Set(clients)] };
}

describe('applying what was touched', () => {
  it('gives the same tables as applying everything, whatever changed before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyMesh, { minLength: 2, maxLength: 5 }), async (states) => {
        const [first, ...later] = states;
        if (!first) return;
        const plane = await opened(first);
        let before = first;
        for (const state of later) {
          await plane.apply(state, touchedBetween(before, state));
          expect(tables(plane)).toEqual(tables(await opened(state)));
          before = state;
        }
      }),
      { numRuns: 60 },
    );
  });

  it('a client of a gateway that is gone is unreachable, though only the gateway was touched', async () => {
    const client = clientRecord(5, { gateway: 'p3' });
    const plane = await opened(meshState([peerRecord(2, true), peerRecord(3, true)], [client]));
    await plane.apply(meshState([peerRecord(2, true)], [client]), { all: false, peers: ['p3'], clients: [] });
    expect(tables(plane)).toContain('route local 172.30.100.5 = unreachable');
  });

  it('a client that shows up is a newcomer once, unless it is attached here or has no key on the device', async () => {
    const clients = [
      clientRecord(5, { gateway: 'p3' }),
      clientRecord(6, { gateway: 'p2' }),
      clientRecord(7, { enabled: false }),
    ];
    const plane = await opened(meshState([peerRecord(2, true), peerRecord(3, true)], clients));
    for (const last of [5, 6, 7]) plane.appear(ipv4(`172.30.100.${String(last)}`));
    expect(await plane.newcomers()).toEqual(['172.30.100.5']);
    expect(await plane.newcomers()).toEqual([]);
  });
});
