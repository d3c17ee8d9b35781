/** `tunnelmesh serve`: the coordinator, and with `join_mesh` a peer of its mesh in the same process. */
import { failureText } from '../host/failure.ts';
import { join } from 'node:path';
import type { Command } from 'commander';
import { type Coordinator, startCoordinator } from '../coordinator/coordinator.ts';
import { renderClaims } from '../mesh/claims.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import { type Listen, renderListen } from '../mesh/listen.ts';
import type { PeerConfig } from '../mesh/peer-config.ts';
import { ProblemsError } from '../mesh/problem.ts';
import { type JoinMesh, parseServerConfig, type ServerConfig } from '../mesh/server-config.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import type { GlobalOptions } from './command.ts';
import { readConfiguration } from './configuration-file.ts';
import { daemonLog, keepPeerContext, requireDevices, startLocalPeer } from './daemon.ts';
import { expandPath, tunnelmeshHome } from './home.ts';
import type { Surroundings } from './surroundings.ts';
import { endOrStop } from './waiting.ts';

const EXAMPLES = `
The coordinator listens where \`listen\` says, and always at ${String(COORDINATOR_PORT)} for peers, with a certificate of the mesh CA
(on loopback alone if that is where \`listen\` is). The
CA is written to ca.pem in the data directory: operators need it (\`tunnelmesh context create --ca\`).

Example server.yaml:
  listen: ":8080"
  auth_token: "64 hexadecimal digits, from: openssl rand -hex 32"
  join_mesh:
    name: "all-in-one"
    wireguard:
      enabled: true

Examples:
  sudo tunnelmesh serve --config server.yaml`;

/** What the coordinator recognises tokens by. */
export interface ServerTrust {
  readonly joinRoot: string;
  readonly verifier: string;
}

/** What is derived from the operator's token, or was derived elsewhere. */
export function trustOf(config: ServerConfig): ServerTrust {
  return config.auth_token === null
    ? { joinRoot: config.join_root, verifier: config.token_verifier }
    : { joinRoot: joinRoot(config.auth_token), verifier: tokenVerifier(config.auth_token) };
}

/** The peers' door: TLS on every address, or on loopback alone where the coordinator shall listen on loopback. */
function peersDoor({ listen }: ServerConfig): Listen {
  return { host: listen.tls ? null : listen.host, port: COORDINATOR_PORT, tls: true };
}

/**
 * Where to listen: as configured, and at the peers' door, whose port nothing else can have.
 * @throws ProblemsError when something else is configured there
 */
export function doorsOf(config: ServerConfig, source: string): readonly Listen[] {
  const { listen } = config;
  const peers = peersDoor(config);
  if (listen.port !== peers.port) return [listen, peers];
  if (listen.host === null) return [peers];
  throw new ProblemsError(source, [
    {
      path: 'listen',
      given: renderListen(listen),
      allowed: `another port, or :${String(peers.port)}; peers reach the coordinator at this port, by TLS`,
    },
  ]);
}

/**
 * The configuration of the coordinator's own peer. It joins as the node that it is, with a node token that the coordinator's
 * own secret gives, so that neither needs the operator's token.
 */
export function ownPeer(
  config: ServerConfig,
  { name, mesh, wireguard }: JoinMesh,
  trust: ServerTrust,
  dataDir: string,
): PeerConfig {
  const claims = renderClaims({
    coordinator: true,
    wireguard: wireguard.enabled,
    exit: false,
    routes: [],
    aliases: [],
    generation: 0,
  });
  return {
    name,
    server: `https://${renderListen({ ...peersDoor(config), host: peersDoor(config).host ?? '127.0.0.1' })}`,
    auth_token: null,
    node_token: nodeToken(trust.joinRoot, name, claims),
    claims,
    data_dir: dataDir,
    mesh,
    wireguard,
  };
}

/** Where the coordinator keeps its data, and where its own peer does; both absolute. */
function directories(config: ServerConfig, surroundings: Surroundings): { coordinator: string; peer: string } {
  const home = tunnelmeshHome(surroundings);
  const given = config.data_dir === null ? null : expandPath(config.data_dir, surroundings);
  const ownPeerDir = config.join_mesh?.data_dir ?? null;
  return {
    coordinator: given ?? join(home, 'coordinator'),
    peer: ownPeerDir !== null ? expandPath(ownPeerDir, surroundings) : given === null ? home : join(given, 'peer'),
  };
}

interface ServeOptions {
  readonly config: string;
}

/** Adds the option and the action. */
export function define(command: Command, surroundings: Surroundings): void {
  command
    .addHelpText('after', EXAMPLES)
    .requiredOption('--config <file>', 'server configuration (YAML); required')
    .action(async ({ config: file }: ServeOptions) => {
      const lab = surroundings.env['TUNNELMESH_LAB'] === '1';
      const config = parseServerConfig(await readConfiguration(file, surroundings), file, { lab });
      const doors = doorsOf(config, file);
      if (config.join_mesh) await requireDevices(surroundings);
      const { context } = command.optsWithGlobals<GlobalOptions>();
      await serve(config, doors, context, surroundings);
    });
}

/** Is the coordinator until it is told to stop. @throws what keeps it from starting or going on */
export async function serve(
  config: ServerConfig,
  doors: readonly Listen[],
  context: string | undefined,
  surroundings: Surroundings,
): Promise<void> {
  const { clock, random, stdout, stop } = surroundings;
  const log = daemonLog(surroundings);
  const trust = trustOf(config);
  const directory = directories(config, surroundings);
  const coordinator = await startCoordinator({
    dataDir: directory.coordinator,
    mesh: { cidr: config.mesh_cidr, suffix: config.domain_suffix },
    trust,
    listen: doors,
    clock,
    random,
    log,
  });
  try {
    stdout.write(`CA of the mesh: ${join(directory.coordinator, 'ca.pem')}\n`);
    log.info('the coordinator is up; Ctrl-C ends it', { listen: doors.map(renderListen).join(' ') });
    if (!config.join_mesh) await endOrStop(stop, []);
    else {
      const peer = ownPeer(config, config.join_mesh, trust, directory.peer);
      const kept = await keepPeerContext(peer, context, surroundings);
      if (kept !== undefined) stdout.write(`Context: ${kept}\n`);
      await beOwnPeer(peer, coordinator, surroundings);
    }
  } catch (error) {
    // Told to stop while the peer was starting: that is an orderly end.
    if (!stop.aborted) throw error;
  } finally {
    await coordinator.close();
  }
}

async function beOwnPeer(config: PeerConfig, coordinator: Coordinator, surroundings: Surroundings): Promise<void> {
  const log = daemonLog(surroundings);
  const peer = await startLocalPeer(config, surroundings, log, (address) => {
    coordinator.listenOnMesh(address).catch((error: unknown) => {
      log.error('cannot listen on the mesh address', {
        address,
        reason: failureText(error),
      });
    });
  });
  try {
    await endOrStop(surroundings.stop, [peer.ended]);
  } finally {
    await peer.close();
  }
}
