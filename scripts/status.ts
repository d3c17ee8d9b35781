/** `tunnelmesh status`: the peer on this machine, asked through its control socket; else what the coordinator says. */
import type { Command } from 'commander';
import { askPeer, ControlError } from '../peer/control.ts';
import { type PeerStatus, renderStatus } from '../peer/status.ts';
import { chosenContext, mayOperate, withApi } from './access.ts';
import { type GlobalOptions, print } from './command.ts';
import { EXIT, Failure } from './failure.ts';
import { peerDataDir } from './local-peer.ts';
import { renderPeerViews } from './peers.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
Look for "WireGuard: enabled". Where no peer runs on this machine and the context is an operator's, the coordinator's
view of all peers is shown instead.

Examples:
  sudo tunnelmesh status
  tunnelmesh status --context office --json`;

/** What to look at next, for each thing that is not as it should be. */
export function adviceOn(status: PeerStatus): readonly string[] {
  const advice: string[] = [];
  if (status.coordinator.connected_since === null)
    advice.push(
      `The coordinator is not connected: check that ${status.coordinator.url} can be reached from here (TCP).`,
    );
  if (status.revision !== null && status.applied_revision !== status.revision)
    advice.push('A change is not on the devices yet: if this stays so, look into the log of the peer.');
  if (status.wireguard.enabled && status.wireguard.clients.known > 0 && status.wireguard.clients.recent === 0) {
    const port = String(status.wireguard.listen_port);
    advice.push(
      `No client was heard lately: if one should be, check that UDP ${port} is let through (sudo ss -ulnp | grep ${port}).`,
    );
  }
  return advice;
}

/** Adds the action. */
export function define(command: Command, surroundings: Surroundings): void {
  command.addHelpText('after', EXAMPLES).action(async () => {
    const global = command.optsWithGlobals<GlobalOptions>();
    const named = await chosenContext(global.context, surroundings);
    let status: PeerStatus;
    try {
      status = await askPeer(peerDataDir(named, surroundings), 'status');
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      if (!named || !mayOperate(named.context, surroundings)) throw new Failure(EXIT.unreachable, error.message);
      await withApi(global.context, surroundings, async (api, { server }) => {
        const peers = await api.peers();
        print(
          surroundings,
          global,
          { coordinator: { url: server, reachable: true }, peers },
          `Coordinator: ${server}, reachable\nNo peer runs on this machine. The peers of the mesh:\n\n${renderPeerViews(peers)}`,
        );
      });
      return;
    }
    const advice = adviceOn(status);
    print(
      surroundings,
      global,
      status,
      renderStatus(status) + (advice.length > 0 ? `\n${advice.map((line) => `${line}\n`).join('')}` : ''),
    );
  });
}
