/** Every subcommand: its name, one line about it, and how to load it when it is called. */
import type { CommandModule } from './command.ts';

/** One line of the table. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
  readonly hidden?: boolean;
}

/** The table, in the order of the help. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: 'serve', summary: 'run the coordinator of a mesh', load: () => import('./serve.ts') },
  { name: 'join', summary: 'join a mesh as a peer, and stay', load: () => import('./join.ts') },
  { name: 'status', summary: 'say how this peer is doing', load: () => import('./status.ts') },
  { name: 'peers', summary: 'list the peers of the mesh', load: () => import('./peers.ts') },
  { name: 'client', summary: 'add, list, enable, disable and delete clients', load: () => import('./client.ts') },
  { name: 'context', summary: 'create, list, choose and delete contexts', load: () => import('./context.ts') },
  { name: 'lab', summary: 'run a whole mesh on this machine', load: () => import('./lab.ts') },
];
