/** Building one host: namespaces, a cable to the internet, private directories, its files. */
import { chmod, lstat, mkdir, readdir, readlink, symlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Clock } from '../host/clock.ts';
import { isSystemError } from '../host/files.ts';
import type { Run, RunResult, Start } from '../host/run.ts';
import { RESOLVCONF_PROGRAM, tunnelmeshProgram } from './host-programs.ts';
import {
  cableStep,
  DATA_DIRECTORY,
  identitySteps,
  inOneGo,
  LAB_DIRECTORIES,
  LINKED_DIRECTORIES,
  mountSteps,
  type Step,
} from './host-steps.ts';
import { type Argv, HOLDER, insideHost } from './namespaces.ts';
import { INTERNET, type LabFile, type LabHost } from './plan.ts';
import { childrenOf } from './process-table.ts';

/** What building takes from outside. */
export interface LabEffects {
  readonly run: Run;
  readonly start: Start;
  readonly clock: Clock;
}

/** A host that stands. */
export interface HostSpace {
  readonly host: LabHost;
  /** The first process of its PID namespace, as the supervisor's `/proc` numbers it. */
  readonly holder: number;
}

/** How long the kernel may take to fork, in milliseconds, and how often to look. */
const HOLDER_TIMEOUT_MS = 5_000;
const HOLDER_POLL_MS = 2;

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

/** The host's own view of a path, seen from the supervisor (proc(5), `/proc/PID/root`). */
function inRoot(holder: number, path: string): string {
  return `/proc/${String(holder)}/root${path}`;
}

/** The environment of everything that runs on a host: its own PATH, home and temporary directory. */
export function hostEnvironment(path: string): Record<string, string> {
  return {
    PATH: `${LAB_DIRECTORIES.bin}:${path}`,
    HOME: LAB_DIRECTORIES.home,
    TMPDIR: LAB_DIRECTORIES.temporary,
  };
}

/** Runs a command on a host to its end. */
export function runOnHost(
  run: Run,
  space: HostSpace,
  command: Argv,
  path: string,
  timeoutMs?: number,
): Promise<RunResult> {
  return run(insideHost(space.holder, command), {
    env: hostEnvironment(path),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

async function startHolder(effects: LabEffects): Promise<number> {
  const unshare = effects.start(HOLDER, { output: 'inherit' });
  const deadline = effects.clock.monotonic() + HOLDER_TIMEOUT_MS;
  let ended: string | undefined;
  void unshare.ended.then((how) => (ended = how));
  while (unshare.pid !== undefined && ended === undefined && effects.clock.monotonic() < deadline) {
    const [child] = await childrenOf(unshare.pid);
    if (child !== undefined) return child;
    await effects.clock.sleep(HOLDER_POLL_MS);
  }
  throw new Error(`namespaces of a host could not be made: \`unshare\` ${ended ?? 'did not fork'}`);
}

/** Directories that every host has to itself, whatever the machine keeps there. */
const OWN_DIRECTORIES = ['/etc/tunnelmesh', '/etc/wireguard', DATA_DIRECTORY];

/** Fills a fresh tmpfs with links into the directory that it covers; links there keep their text, relative or not. */
async function linkThrough(holder: number, path: string, old: string, own: ReadonlySet<string>): Promise<void> {
  const entries = await readdir(inRoot(holder, old), { withFileTypes: true });
  await Promise.all(
    entries
      .filter((entry) => !own.has(`${path}/${entry.name}`))
      .map(async (entry) => {
        const target = entry.isSymbolicLink() ? await readlink(inRoot(holder, `${old}/${entry.name}`)) : undefined;
        await symlink(target ?? `${old}/${entry.name}`, inRoot(holder, `${path}/${entry.name}`));
      }),
  );
}

/** Writes a file that only the host sees. */
export async function writeHostFile(space: Pick<HostSpace, 'holder'>, file: LabFile): Promise<void> {
  const path = inRoot(space.holder, file.path);
  await mkdir(dirname(path), { recursive: true, mode: DIRECTORY_MODE });
  await writeFile(path, file.content, { mode: file.mode });
  await chmod(path, file.mode);
}

/** The files that every host has, and the programs on its PATH. */
function commonFiles(host: LabHost, program: Argv): LabFile[] {
  const file = (path: string, content: string, mode: number): LabFile => ({ path, content, mode });
  return [
    file('/etc/hostname', `${host.name}\n`, FILE_MODE),
    file('/etc/hosts', `127.0.0.1 localhost\n${host.address} ${host.name}\n`, FILE_MODE),
    file('/etc/resolv.conf', `nameserver ${INTERNET.gateway}\n`, FILE_MODE),
    file(`${LAB_DIRECTORIES.bin}/tunnelmesh`, tunnelmeshProgram(program), DIRECTORY_MODE),
    file(`${LAB_DIRECTORIES.bin}/resolvconf`, RESOLVCONF_PROGRAM, DIRECTORY_MODE),
  ];
}

/** Where `wg-quick` would find another resolvconf first, since it puts its own directory before the PATH. */
const OTHER_RESOLVCONF = ['/usr/bin/resolvconf', '/usr/sbin/resolvconf', '/usr/local/bin/resolvconf'];

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Builds a host.
 * @param port - its number on the bridge, never used before
 * @param dataDirectory - the folder that becomes its {@link DATA_DIRECTORY}
 */
export async function buildHost(
  effects: LabEffects,
  host: LabHost,
  port: number,
  dataDirectory: string,
  program: Argv,
): Promise<HostSpace> {
  const space = { host, holder: await startHolder(effects) };
  const inside = async (steps: readonly Argv[]): Promise<void> => {
    await effects.run(insideHost(space.holder, inOneGo(steps)));
  };
  await takeStep(effects.run, cableStep(port, space.holder));
  await inside(mountSteps());
  const files = [...commonFiles(host, program), ...host.files];
  const own = new Set([...OWN_DIRECTORIES, ...files.map(({ path }) => path.split('/').slice(0, 3).join('/'))]);
  for (const { path, old } of LINKED_DIRECTORIES) await linkThrough(space.holder, path, old, own);
  for (const path of OWN_DIRECTORIES) await mkdir(inRoot(space.holder, path), { mode: DIRECTORY_MODE });
  for (const file of files) await writeHostFile(space, file);
  const covered: Argv[] = [];
  for (const path of OTHER_RESOLVCONF) {
    if (await isThere(path)) covered.push(['mount', '--bind', `${LAB_DIRECTORIES.bin}/resolvconf`, path]);
  }
  await inside([...covered, ...identitySteps(host, dataDirectory)]);
  return space;
}

/** Runs one step. */
export async function takeStep(run: Run, step: Step): Promise<void> {
  await run(step.argv, step.input === undefined ? {} : { input: step.input });
}
