/** Which peer of this machine a person means: its data directory, by context or by default. */
import type { NamedContext } from './context-store.ts';
import { tunnelmeshHome } from './home.ts';
import type { Surroundings } from './surroundings.ts';

/** The data directory of the context's peer; without one, where a peer keeps its data unless configured. */
export function peerDataDir(named: NamedContext | undefined, surroundings: Surroundings): string {
  return named?.context.peer?.data_dir ?? tunnelmeshHome(surroundings);
}
