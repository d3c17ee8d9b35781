/** `tunnelmesh join`: makes this machine a peer and stays for as long as it is one. */
import type { Command } from 'commander';
import { parsePeerConfig } from '../mesh/peer-config.ts';
import type { GlobalOptions } from './command.ts';
import { readConfiguration } from './configuration-file.ts';
import { daemonLog, keepPeerContext, requireDevices, startLocalPeer } from './daemon.ts';
import type { Surroundings } from './surroundings.ts';
import { endOrStop } from './waiting.ts';
import { givenToken, type TokenOptions } from './token.ts';

const EXAMPLES = `
The token is needed for the first join only; afterwards the peer has a credential of its own. Prefer --token-file:
others on this machine can read a command line.

Examples:
  sudo tunnelmesh join --config /etc/tunnelmesh/peer.yaml
  sudo tunnelmesh join --server https://tunnelmesh.example.com --token-file token --name wg-gateway \\
    --wireguard --context wg-gateway`;

interface JoinOptions extends TokenOptions {
  readonly config?: string;
  readonly server?: string;
  readonly name?: string;
  readonly wireguard?: boolean;
}

/** The document of the file, or whatever it holds; an empty one without a file. */
type Document = Readonly<Record<string, unknown>>;

function isMap(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The file's document with what the command line says in its place. */
export function overlay(document: Document, options: Omit<JoinOptions, 'config'>, token: string | undefined): Document {
  const { node_token, claims, wireguard, ...rest } = document;
  const section = options.wireguard ? { ...(isMap(wireguard) ? wireguard : {}), enabled: true } : wireguard;
  return {
    ...rest,
    ...(options.server === undefined ? {} : { server: options.server }),
    ...(options.name === undefined ? {} : { name: options.name }),
    ...(section === undefined ? {} : { wireguard: section }),
    // A token of the command line stands in for whichever kind the file has.
    ...(token === undefined
      ? { ...(node_token === undefined ? {} : { node_token }), ...(claims === undefined ? {} : { claims }) }
      : { auth_token: token }),
  };
}

/** Adds the options and the action. */
export function define(command: Command, surroundings: Surroundings): void {
  command
    .addHelpText('after', EXAMPLES)
    .option('--config <file>', 'peer configuration (YAML); what the other options say counts more')
    .option('--server <url>', 'the coordinator, https://host[:port] (8443 unless given)')
    .option('--token-file <file>', 'file that holds the token; - reads standard input')
    .option('--token <token>', 'the token itself; others on this machine can read it')
    .option('--name <name>', "this peer's name in the mesh")
    .option('--wireguard', 'also be a gateway: run a concentrator for standard WireGuard apps')
    .action(async (options: JoinOptions) => {
      const source = options.config ?? 'command line';
      const read = options.config === undefined ? {} : await readConfiguration(options.config, surroundings);
      const inFile = isMap(read) && (read['auth_token'] ?? read['node_token']) !== undefined;
      const asked = options.token !== undefined || options.tokenFile !== undefined;
      const token = asked || !inFile ? await givenToken(options, surroundings) : undefined;
      const config = parsePeerConfig(isMap(read) ? overlay(read, options, token) : read, source);
      await requireDevices(surroundings);
      const { context } = command.optsWithGlobals<GlobalOptions>();
      const kept = await keepPeerContext(config, context, surroundings);
      if (kept !== undefined) surroundings.stdout.write(`Context: ${kept}\n`);

      const log = daemonLog(surroundings);
      const { stop } = surroundings;
      try {
        const peer = await startLocalPeer(config, surroundings, log);
        log.info('this peer is up; Ctrl-C ends it', { name: config.name });
        try {
          await endOrStop(surroundings.stop, [peer.ended]);
        } finally {
          await peer.close();
        }
      } catch (error) {
        // Told to stop while it was starting: that is an orderly end.
        if (!stop.aborted) throw error;
      }
    });
}
