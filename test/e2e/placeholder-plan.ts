/** A lab of a few hosts whose daemons do nothing but stay. */
import { fileURLToPath } from 'node:url';
import type { Ipv4 } from '../../mesh/ipv4.ts';
import type { Label } from '../../mesh/name.ts';
import type { Argv } from '../../lab/namespaces.ts';
import type { LabHost, LabPlan } from '../../lab/plan.ts';

/** Runs `lab-program.mjs`. */
export const PROGRAM: Argv = [process.execPath, fileURLToPath(new URL('lab-program.mjs', import.meta.url))];

/** The hosts of the plan, with their addresses. */
export const HOSTS = { alpha: '203.0.113.10', beta: '203.0.113.11', gamma: '203.0.113.12' } as const;

function host(name: string, address: string): LabHost {
  return {
    name: name as Label,
    kind: 'node',
    address: address as Ipv4,
    files: [{ path: '/etc/tunnelmesh/peer.yaml', content: `name: ${name}\n`, mode: 0o600 }],
    daemon: ['sh', '-c', 'echo started; exec sleep infinity'],
    ready_when: [['ping', '-c', '1', '-W', '1', HOSTS.alpha]],
  };
}

/** See the file's comment. */
export function placeholderPlan(): LabPlan {
  return {
    origin: 'placeholders',
    program: PROGRAM,
    hosts: Object.entries(HOSTS).map(([name, address]) => host(name, address)),
    names: { 'alpha.example.com': HOSTS.alpha as Ipv4 },
  };
}
