import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { entriesOf, ownersOf } from '../mesh/entries.ts';
import { contentOf, type Entry, identityOf } from '../mesh/entry.ts';
import { anyMesh, clientRecord, ipv4, meshState, peerRecord, publicKey } from '../test/fakes/example-mesh.ts';
import { plan, type Plan } from './plan.ts';

const machine = (state: Parameters<typeof ownersOf>[0]): Entry[] =>
  ownersOf(state).flatMap((owner) => entriesOf(state, 'p2', owner));
const table = (entries: readonly Entry[]): Map<string, string> =>
  new Map(entries.map((entry) => [identityOf(entry), contentOf(entry)]));
const size = ({ withdraw, elements, routes, admit, change, hosts }: Plan): number =>
  [
    withdraw,
    elements.add,
    elements.remove,
    routes.replace,
    routes.remove,
    admit,
    change,
    hosts.set,
    hosts.remove,
  ].flat().length;

describe('a plan', () => {
  it('carried out, leads from any state to any other', () => {
    fc.assert(
      fc.property(anyMesh, anyMesh, (from, to) => {
        const [applied, wanted] = [machine(from), machine(to)];
        const steps = plan(applied, wanted);
        const tables = table(applied);
        for (const entry of [
          ...steps.withdraw,
          ...steps.elements.remove,
          ...steps.routes.remove,
          ...steps.hosts.remove,
        ])
          expect(tables.delete(identityOf(entry))).toBe(true);
        const written: Entry[] = [...steps.elements.add, ...steps.routes.replace, ...steps.admit, ...steps.change];
        for (const entry of [...written, ...steps.hosts.set]) tables.set(identityOf(entry), contentOf(entry));
        expect(tables).toEqual(table(wanted));
      }),
    );
  });

  it('between equal states is empty', () => {
    fc.assert(
      fc.property(anyMesh, (state) => {
        expect(size(plan(machine(state), machine(state)))).toBe(0);
      }),
    );
  });

  const peers = [peerRecord(2, true), peerRecord(3, true)];
  const at = (gateway: string): Entry[] => machine(meshState(peers, [clientRecord(5, { gateway })]));

  it('for a client that moves replaces its routes and touches no WireGuard peer', () => {
    const steps = plan(at('p2'), at('p3'));
    expect(steps.routes.remove).toEqual([]);
    expect(steps.routes.replace.map(contentOf)).toEqual(['overlay 172.30.0.3', 'overlay 172.30.0.3']);
    expect(steps.elements.add.map(identityOf)).toEqual(['set may4 172.30.0.3 . 172.30.100.5']);
    expect(steps.elements.remove.map(identityOf)).toEqual(['set here4 172.30.100.5']);
    expect([steps.withdraw, steps.admit, steps.change, steps.forget]).toEqual([[], [], [], []]);
  });

  it('for a new key withdraws the old one, admits the new one and forgets the old one’s connections', () => {
    const renewed = machine(meshState(peers, [clientRecord(5, { gateway: 'p2', public_key: publicKey(999) })]));
    const steps = plan(at('p2'), renewed);
    expect(steps.withdraw.map(({ key }) => key)).toEqual([publicKey(42)]);
    expect(steps.admit.map(({ key }) => key)).toEqual([publicKey(999)]);
    expect(steps.forget).toEqual([ipv4('172.30.100.5')]);
    expect(size(steps)).toBe(2);
  });
});
