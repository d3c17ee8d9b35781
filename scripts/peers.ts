/** `tunnelmesh peers`: as the peer on this machine knows them; else as the coordinator does. */
import type { Command } from 'commander';
import type { PeerView } from '../mesh/api.ts';
import { askPeer, ControlError } from '../peer/control.ts';
import { type PeerTable, renderPeerTable } from '../peer/status.ts';
import { chosenContext, mayOperate, withApi } from './access.ts';
import { renderColumns } from './columns.ts';
import { type GlobalOptions, print } from './command.ts';
import { EXIT, Failure } from './failure.ts';
import { peerDataDir } from './local-peer.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
Examples:
  tunnelmesh peers
  tunnelmesh peers --context office --json`;

/** The coordinator's view of all peers, for a person. */
export function renderPeerViews(peers: readonly PeerView[]): string {
  const rows = [...peers]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((peer) => [
      peer.name,
      peer.address,
      peer.mesh_endpoint,
      peer.wireguard?.endpoint ?? '-',
      peer.coordinator ? 'coordinator' : peer.wireguard ? 'gateway' : 'peer',
      peer.connected ? 'yes' : 'no',
    ]);
  return renderColumns(['NAME', 'ADDRESS', 'MESH ENDPOINT', 'WIREGUARD ENDPOINT', 'ROLE', 'CONNECTED'], rows);
}

/** Adds the action. */
export function define(command: Command, surroundings: Surroundings): void {
  command.addHelpText('after', EXAMPLES).action(async () => {
    const global = command.optsWithGlobals<GlobalOptions>();
    const named = await chosenContext(global.context, surroundings);
    let table: PeerTable;
    try {
      table = await askPeer(peerDataDir(named, surroundings), 'peers');
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      if (!named || !mayOperate(named.context, surroundings)) throw new Failure(EXIT.unreachable, error.message);
      await withApi(global.context, surroundings, async (api) => {
        const peers = await api.peers();
        print(surroundings, global, { peers }, renderPeerViews(peers));
      });
      return;
    }
    print(surroundings, global, table, renderPeerTable(table));
  });
}
