import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MeshReplica } from '../mesh/replica.ts';
import { ClientDirectory } from './client-directory.ts';
import { client, delta, keyOf, snapshot } from './records.fixture.ts';

describe('client directory', () => {
  it('after any changes it finds exactly what a search of the whole state would find', () => {
    const change = fc.record({ id: fc.nat(5), address: fc.nat(5), key: fc.option(fc.nat(5)), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(fc.array(change, { maxLength: 3 })), (deltas) => {
        const replica = new MeshReplica(snapshot({ clients: [client(0), client(1)] }));
        const directory = new ClientDirectory();
        directory.update(replica, { all: true });
        deltas.forEach((changes, turn) => {
          // The registry never gives one address or key to two clients.
          const gone = changes.map(({ id }) => `c${String(id)}`);
          const taken = [...replica.clients.values()].filter(({ id }) => !gone.includes(id));
          const clients = changes.flatMap(({ id, address, key, gone: leaves }) => {
            const record = client(id, {
              address: client(address).address,
              public_key: key === null ? null : keyOf(200 + key).publicKey(),
            });
            const clash = taken.some(
              (other) =>
                other.id === record.id ||
                other.address === record.address ||
                (record.public_key !== null && other.public_key === record.public_key),
            );
            if (leaves || clash) return [];
            taken.push(record);
            return [record];
          });
          const kept = new Set(clients.map(({ id }) => id));
          const left = gone.filter((id) => !kept.has(id));
          directory.update(replica, replica.fold(delta(turn + 2, { clients, gone: { peers: [], clients: left } })));
          const all = [...replica.clients.values()];
          for (let n = 0; n < 6; n += 1) {
            const { address } = client(n);
            expect(directory.atAddress(address)).toBe(all.find((known) => known.address === address));
            const key = keyOf(200 + n).publicKey();
            expect(directory.withKey(key)).toBe(all.find((known) => known.public_key === key));
          }
        });
      }),
      { numRuns: 50 },
    );
  });
});
