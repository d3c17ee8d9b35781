import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { attachmentArbitrary, deltaArbitrary, snapshotArbitrary } from '../test/property/mesh-state-arbitrary.ts';
import { attachmentBeats, MeshReplica } from './replica.ts';
import type { MeshState } from './state.ts';
import { type Delta, deltaSchema, type Snapshot, snapshotSchema } from './stream.ts';

/** The state alone, as plain values. */
function stateOf({ mesh, epoch, revision, peers, clients, attachments }: MeshState): MeshState {
  return { mesh, epoch, revision, peers: new Map(peers), clients: new Map(clients), attachments: new Map(attachments) };
}

function snapshotOf(state: MeshState): Snapshot {
  const { mesh, epoch, revision } = state;
  return {
    type: 'snapshot',
    mesh,
    epoch,
    revision,
    peers: [...state.peers.values()],
    clients: [...state.clients.values()],
    attachments: [...state.attachments.values()],
  };
}

/** What a delta means, without any of the replica's own code but the rule of attachment. */
function applied(state: MeshState, delta: Delta): MeshState {
  const replaced = <T extends { readonly id: string }>(
    old: ReadonlyMap<string, T>,
    changed: readonly T[],
    gone: readonly string[],
  ): ReadonlyMap<string, T> =>
    new Map(
      [...old.values(), ...changed]
        .filter(({ id }) => !gone.includes(id))
        .map((record): [string, T] => [record.id, record]),
    );
  const clients = replaced(state.clients, delta.clients, delta.gone.clients);
  const peers = replaced(state.peers, delta.peers, delta.gone.peers);
  const attachments = new Map(state.attachments);
  for (const attachment of delta.attachments)
    if (attachmentBeats(attachment, attachments.get(attachment.client), peers))
      attachments.set(attachment.client, attachment);
  for (const id of attachments.keys()) if (!clients.has(id)) attachments.delete(id);
  return {
    ...state,
    revision: delta.revision,
    peers,
    clients,
    attachments,
  };
}

describe("a peer's copy of the mesh", () => {
  it('folding deltas gives what loading the snapshot of the result gives', () => {
    fc.assert(
      fc.property(snapshotArbitrary, fc.array(deltaArbitrary, { maxLength: 5 }), (snapshot, deltas) => {
        const replica = new MeshReplica(snapshot);
        for (const delta of deltas) {
          const expected = applied(stateOf(replica), delta);
          replica.fold(delta);
          expect(stateOf(replica)).toEqual(expected);
        }
        expect(stateOf(new MeshReplica(snapshotOf(replica)))).toEqual(stateOf(replica));
      }),
    );
  });

  it('a message folded twice changes nothing the second time', () => {
    fc.assert(
      fc.property(snapshotArbitrary, fc.oneof(snapshotArbitrary, deltaArbitrary), (snapshot, message) => {
        const replica = new MeshReplica(snapshot);
        replica.fold(message);
        const once = stateOf(replica);
        replica.fold(message);
        expect(stateOf(replica)).toEqual(once);
      }),
    );
  });

  it('every record that differs after a delta is among those that it touched', () => {
    fc.assert(
      fc.property(snapshotArbitrary, deltaArbitrary, (snapshot, delta) => {
        const replica = new MeshReplica(snapshot);
        const before = stateOf(replica);
        const touched = replica.fold(delta);
        const changed = (table: 'peers' | 'clients' | 'attachments'): string[] =>
          [...new Set([...before[table].keys(), ...replica[table].keys()])].filter(
            (id) => before[table].get(id) !== replica[table].get(id),
          );
        if (touched.all) throw new Error('a delta does not touch everything');
        expect(touched.peers).toEqual(expect.arrayContaining(changed('peers')));
        expect(touched.clients).toEqual(expect.arrayContaining([...changed('clients'), ...changed('attachments')]));
      }),
    );
  });

  it('attachments end the same in whatever order they are heard of', () => {
    const shuffled = fc
      .array(attachmentArbitrary, { maxLength: 8 })
      .chain((heard) => fc.tuple(fc.constant(heard), fc.shuffledSubarray(heard, { minLength: heard.length })));
    fc.assert(
      fc.property(snapshotArbitrary, shuffled, (snapshot, [heard, otherwise]) => {
        const [left, right] = [new MeshReplica(snapshot), new MeshReplica(snapshot)];
        for (const attachment of heard) left.attach(attachment);
        for (const attachment of otherwise) right.attach(attachment);
        expect(stateOf(left)).toEqual(stateOf(right));
      }),
      { numRuns: 500 },
    );
  });

  it('a snapshot does not take back a move that this peer knows and the coordinator has not heard of', () => {
    fc.assert(
      fc.property(snapshotArbitrary, (snapshot) => {
        const replica = new MeshReplica(snapshot);
        const [client] = snapshot.clients;
        fc.pre(client !== undefined);
        const move = { client: client.id, gateway: 'p1', sequence: 4 };
        expect(replica.attach(move)).toBe(true);
        replica.fold(snapshot);
        expect(replica.attachments.get(move.client)).toEqual(move);
      }),
    );
  });

  it('an attachment of a client that is not there is ignored', () => {
    fc.assert(
      fc.property(snapshotArbitrary, attachmentArbitrary, (snapshot, attachment) => {
        const replica = new MeshReplica({ ...snapshot, clients: [] });
        expect(replica.attach(attachment)).toBe(false);
        expect(replica.attachments.size).toBe(0);
      }),
    );
  });

  it('snapshots and deltas survive the wire', () => {
    fc.assert(
      fc.property(snapshotArbitrary, deltaArbitrary, (snapshot, delta) => {
        expect(snapshotSchema.parse(JSON.parse(JSON.stringify(snapshot)))).toEqual(snapshot);
        expect(deltaSchema.parse(JSON.parse(JSON.stringify(delta)))).toEqual(delta);
      }),
      { numRuns: 20 },
    );
  });
});
