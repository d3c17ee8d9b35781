/**
 * What lies between the machines: a bridge in namespaces of its own, with a server that has the artifact. The kernel ends
 * everything in there with its first process, and that one with us, so that nothing can be left behind.
 */
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../host/clock.ts';
import { readFileIfThere } from '../../host/files.ts';
import { type Process, run, type RunOptions, type RunResult, start } from '../../host/run.ts';
import { internetStep } from '../../lab/internet.ts';
import { type Argv, besideSupervisor, boundToUs, inNewNamespaces } from '../../lab/namespaces.ts';
import { INTERNET, OPERATOR } from '../../lab/plan.ts';
import { childrenOf } from '../../lab/process-table.ts';

/** The namespaces' own view of processes, and a /run that nobody else sees. */
const FIRST_PROCESS: Argv = [
  'sh',
  '-c',
  'mount -t proc proc /proc && mount -t tmpfs tmpfs /run && mkdir /run/ready && sleep infinity & wait',
];

const SERVER = fileURLToPath(new URL('artifact-server.mjs', import.meta.url));
const SERVER_PORT = 8080;

/** `setpriv` and `setsid` become `unshare`, which forks. */
const GENERATIONS = 1;

/** How long the kernel may take, in milliseconds, and how often to look. */
const APPEAR_MS = 10_000;
const POLL_MS = 20;

/** The descendant of a process at so many generations' distance, once it runs the program of this name (proc(5), comm). */
export async function descendant(ancestor: Process, generations: number, program: string): Promise<number> {
  let ended: string | undefined;
  void ancestor.ended.then((how) => (ended = how));
  let found: number | undefined;
  await eventually(async () => {
    let pid = ancestor.pid;
    for (let generation = 0; generation < generations && pid !== undefined; generation += 1)
      [pid] = await childrenOf(pid);
    const name = pid === undefined ? undefined : await readFileIfThere(`/proc/${String(pid)}/comm`);
    if (name?.trim() !== program) throw new Error(`${program} did not come up (${ended ?? 'but did not end either'})`);
    found = pid;
  }, APPEAR_MS);
  return found ?? 0;
}

/** Runs a command again and again until it succeeds. @throws what it failed with last */
export async function eventually(attempt: () => Promise<unknown>, withinMs: number): Promise<void> {
  const deadline = systemClock.monotonic() + withinMs;
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (systemClock.monotonic() >= deadline) throw error;
    }
    await systemClock.sleep(POLL_MS);
  }
}

/** See the file's comment. */
export class Internet {
  /** Where every machine downloads the artifact. */
  static readonly artifactUrl = `http://${OPERATOR.address}:${String(SERVER_PORT)}/tunnelmesh.tar.gz`;

  readonly #holder: Process;
  readonly #pid: number;
  /** Never used twice: the kernel takes a port away some time after its network. */
  #ports = 0;

  private constructor(holder: Process, pid: number) {
    this.#holder = holder;
    this.#pid = pid;
  }

  /** @param artifact - path of the tarball to serve */
  static async open(artifact: string): Promise<Internet> {
    const holder = start(boundToUs(inNewNamespaces('root', FIRST_PROCESS)), { output: 'inherit' });
    const internet = new Internet(holder, await descendant(holder, GENERATIONS, 'sh'));
    await eventually(() => internet.run(['test', '-d', '/run/ready']), APPEAR_MS);
    const { argv, input = '' } = internetStep();
    await internet.run(argv, { input: `${input}address add ${OPERATOR.address}/32 dev internet\n` });
    internet.start([process.execPath, SERVER, OPERATOR.address, String(SERVER_PORT), artifact], 'inherit');
    return internet;
  }

  /** Runs a command beside the bridge, where the operator's machine is too. */
  run(command: Argv, options?: RunOptions): Promise<RunResult> {
    return run(besideSupervisor('root', this.#pid, command), options);
  }

  /** Starts a program beside the bridge. */
  start(command: Argv, output: number | 'inherit' | 'ignore', env: Readonly<Record<string, string>> = {}): Process {
    return start(besideSupervisor('root', this.#pid, command), { output, env });
  }

  /** Makes a network with this address on its `eth0`, behind the bridge. */
  async plug(name: string, address: string): Promise<void> {
    await this.run(['ip', 'netns', 'add', name]);
    this.#ports += 1;
    const port = `port${String(this.#ports)}`;
    const input = [
      `link add ${port} type veth peer name eth0 netns ${name}`,
      `link set ${port} master internet up`,
      '',
    ].join('\n');
    await this.run(['ip', '-batch', '-'], { input });
    const inside = [
      'link set lo up',
      `address add ${address}/${String(INTERNET.prefixLength)} dev eth0`,
      'link set eth0 up',
      `route add default via ${INTERNET.gateway}`,
      '',
    ].join('\n');
    await this.run(['ip', '-netns', name, '-batch', '-'], { input: inside });
  }

  /** Takes the network away again. */
  async unplug(name: string): Promise<void> {
    await this.run(['ip', 'netns', 'delete', name]);
  }

  /** Ends everything. */
  async close(): Promise<void> {
    this.#holder.kill('SIGKILL');
    await this.#holder.ended;
  }
}
