/** What a proof does to a lab, and nothing else: commands on hosts, tunnels on devices, pings that go on meanwhile. */
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../host/clock.ts';
import { SECRET_FILE_MODE } from '../host/files.ts';
import type { Run, RunResult, Start } from '../host/run.ts';
import { LAB_DIRECTORIES } from './host-steps.ts';
import type { Argv } from './namespaces.ts';
import { parsePingLog, type PingLog } from './ping-log.ts';
import type { StateDirectory } from './state-directory.ts';

/** Time between two pings of a series, in milliseconds. */
export const PING_INTERVAL_MS = 20;

/** A series of pings that goes on until it is stopped. */
export interface PingSeries {
  /** What has come back so far. */
  read(): Promise<PingLog>;
  stop(): Promise<void>;
}

/** See the file's comment. */
export interface ProofLab {
  readonly clock: Clock;
  /** Runs a command on a host to its end. Exit codes besides 0 are failures unless allowed. */
  run(host: string, command: Argv, okExitCodes?: readonly number[]): Promise<RunResult>;
  /** Brings the tunnel of a configuration file up on a device, in place of the one it had. */
  tunnelUp(device: string, configFile: string): Promise<void>;
  tunnelDown(device: string): Promise<void>;
  /** Starts pinging from a device, every {@link PING_INTERVAL_MS}. One series per device. */
  ping(device: string, target: string): Promise<PingSeries>;
}

/** What a real one is made of. */
export interface ProofLabParts {
  readonly clock: Clock;
  readonly run: Run;
  readonly start: Start;
  readonly state: StateDirectory;
  /** The command that runs a command on a host, from here, and what to add to its environment. */
  readonly commandOnHost: (
    host: string,
    command: Argv,
  ) => Promise<{ readonly argv: Argv; readonly env: Record<string, string> }>;
  readonly tunnel: (device: string, configFile: string | null) => Promise<unknown>;
}

/** Time for one command on a host, in milliseconds. */
const COMMAND_TIMEOUT_MS = 30_000;

/** Where a series of pings says which process it is, on its device: signals reach a process only in its PID namespace. */
const PID_FILE = `${LAB_DIRECTORIES.temporary}/ping.pid`;

/** A proof's hands on a real lab. */
export function proofLab({ clock, run, start, state, commandOnHost, tunnel }: ProofLabParts): ProofLab {
  const runThere: ProofLab['run'] = async (host, command, okExitCodes = []) => {
    const { argv, env } = await commandOnHost(host, command);
    return run(argv, { env, okExitCodes, timeoutMs: COMMAND_TIMEOUT_MS });
  };
  return {
    clock,
    run: runThere,
    tunnelUp: async (device, configFile) => {
      await tunnel(device, configFile);
    },
    tunnelDown: async (device) => {
      await tunnel(device, null);
    },
    ping: async (device, target) => {
      const log = join(state.host({ kind: 'device', name: device }), 'ping.log');
      const ping = ['ping', '-n', '-D', '-O', '-i', String(PING_INTERVAL_MS / 1000), target];
      const { argv, env } = await commandOnHost(device, [
        ...(['sh', '-c', 'echo $$ > "$0" && exec "$@"', PID_FILE] as const),
        ...ping,
      ]);
      const output = openSync(log, 'w', SECRET_FILE_MODE);
      const series = start(argv, { output, env });
      closeSync(output);
      return {
        read: async () => parsePingLog(await readFile(log, 'utf8')),
        stop: async () => {
          await runThere(device, ['sh', '-c', 'kill -INT "$(cat "$0")"', PID_FILE], [1]);
          await series.ended;
        },
      };
    },
  };
}
