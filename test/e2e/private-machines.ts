/**
 * Machines made of private namespaces, for tests of the data plane: a network, a mount and a process namespace that end
 * with the process that holds them, a bridge that plays the internet, and one network and /run for each machine.
 */
import { readFile } from 'node:fs/promises';
import { systemClock } from '../../host/clock.ts';
import { type Process, run, type RunOptions, type RunResult, start } from '../../host/run.ts';

/** How long a namespace may take to appear, in milliseconds. */
const APPEAR_MS = 10_000;

/** A world of machines; see the file's comment. */
export class PrivateMachines {
  readonly #world: Process;
  readonly #worldPid: number;
  readonly #pids = new Map<string, number>();

  private constructor(world: Process, pid: number) {
    this.#world = world;
    this.#worldPid = pid;
  }

  static async create(): Promise<PrivateMachines> {
    const world = start(
      ['unshare', '--mount', '--net', '--pid', '--fork', '--kill-child', '--mount-proc', 'sleep', 'infinity'],
      { output: 'ignore' },
    );
    const machines = new PrivateMachines(world, await childOf(world, 'sleep'));
    await machines.#inWorld(['mount', '-t', 'tmpfs', 'tmpfs', '/run']);
    await machines.#inWorld(['ip', 'link', 'add', 'internet', 'type', 'bridge']);
    await machines.#inWorld(['ip', 'link', 'set', 'internet', 'up']);
    return machines;
  }

  /** Adds a machine with this address, such as `203.0.113.11/24`, on its `eth0`. */
  async add(name: string, address: string): Promise<void> {
    const script = 'mount -t tmpfs tmpfs /run && mkdir /run/wireguard && exec sleep infinity';
    const holder = start(
      ['nsenter', '-t', String(this.#worldPid), '-m', '-n', '-p', 'unshare', '--mount', '--net', 'sh', '-c', script],
      { output: 'ignore' },
    );
    const pid = await childOf(holder, 'sleep');
    this.#pids.set(name, pid);
    // The peer end goes by process id as the world's own process namespace counts it.
    const inner = /^NSpid:.*\s([0-9]+)$/m.exec(await readFile(`/proc/${String(pid)}/status`, 'utf8'))?.[1] ?? '';
    await this.#inWorld(['ip', 'link', 'add', `v-${name}`, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', inner]);
    await this.#inWorld(['ip', 'link', 'set', `v-${name}`, 'master', 'internet', 'up']);
    await this.on(name, ['ip', 'link', 'set', 'lo', 'up']);
    await this.on(name, ['ip', 'link', 'set', 'eth0', 'up']);
    await this.on(name, ['ip', 'address', 'add', address, 'dev', 'eth0']);
  }

  /** Runs a command on a machine. */
  on(name: string, argv: readonly [string, ...string[]], options?: RunOptions): Promise<RunResult> {
    return run([...this.#enter(name), ...argv], options);
  }

  /** Starts a program on a machine. */
  start(name: string, argv: readonly [string, ...string[]], env: Readonly<Record<string, string>> = {}): Process {
    return start([...this.#enter(name), ...argv], { output: 'ignore', env });
  }

  /** Ends the world, and with it every process in it. */
  async end(): Promise<void> {
    this.#world.kill('SIGKILL');
    await this.#world.ended;
  }

  #enter(name: string): readonly [string, ...string[]] {
    return ['nsenter', '-t', String(this.#pids.get(name)), '-m', '-n', '-p', `--wd=${process.cwd()}`];
  }

  #inWorld(argv: readonly [string, ...string[]]): Promise<RunResult> {
    return run(['nsenter', '-t', String(this.#worldPid), '-m', '-n', '-p', ...argv]);
  }
}

/** The one child of a process, once it runs this program. */
async function childOf(parent: Process, program: string): Promise<number> {
  const deadline = systemClock.monotonic() + APPEAR_MS;
  while (systemClock.monotonic() < deadline) {
    const pid = String(parent.pid);
    const child = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')).trim();
    if (child !== '' && (await readFile(`/proc/${child}/comm`, 'utf8').catch(() => '')).trim() === program)
      return Number(child);
    await systemClock.sleep(10);
  }
  throw new Error('a namespace could not be made; this test needs root and namespaces');
}
