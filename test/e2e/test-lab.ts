/** A lab for one test file, driven only by the command, as a user would type it. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { run, type RunOptions, type RunResult } from '../../host/run.ts';
import { clientListSchema, type ClientView } from '../../mesh/api.ts';

/** The checkout's folder. */
export const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));

const COMMAND_TIMEOUT_MS = 60_000;

/** How long a host's daemon may take to come back and answer, in milliseconds. */
const BACK_TIMEOUT_MS = 30_000;

/** Runs `tunnelmesh` on this machine, as `npm run build` left it. */
export function tunnelmesh(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return run([process.execPath, join(CHECKOUT, 'dist/tunnelmesh.mjs'), ...args], {
    timeoutMs: COMMAND_TIMEOUT_MS,
    ...options,
  });
}

const addedSchema = z.object({
  client: z.object({ id: z.string(), name: z.string(), address: z.string(), public_key: z.string() }),
  files: z.array(z.object({ gateway: z.string(), config: z.string() })),
});

/** A client as `client add --json` describes it. */
export type AddedClient = z.infer<typeof addedSchema>;

/** A lab that is up until `down`. */
export class TestLab {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** The lab's state directory. */
  get state(): string {
    return this.folder('lab');
  }

  /** The mesh CA's certificate, as the coordinator wrote it. */
  get ca(): string {
    return join(this.state, 'nodes/coordinator/var/coordinator/ca.pem');
  }

  /** A folder for files of the test, beside the lab. */
  folder(name: string): string {
    return join(this.#folder, name);
  }

  /** Brings the map's mesh up, in a folder of its own inside the checkout. */
  static up(meshFile: string): Promise<TestLab> {
    return TestLab.#up(() => Promise.resolve(join(CHECKOUT, meshFile)));
  }

  /** Brings up the mesh that the text of a mesh file declares. */
  static declared(text: string): Promise<TestLab> {
    return TestLab.#up(async (lab) => {
      const meshFile = lab.folder('mesh.yaml');
      await writeFile(meshFile, text);
      return meshFile;
    });
  }

  static async #up(meshFile: (lab: TestLab) => Promise<string>): Promise<TestLab> {
    await mkdir(join(CHECKOUT, 'out'), { recursive: true });
    const lab = new TestLab(await mkdtemp(join(CHECKOUT, 'out/e2e-')));
    try {
      await lab.lab('up', '--detach', '--mesh', await meshFile(lab));
      return lab;
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  /** `tunnelmesh lab …` about this lab. */
  lab(verb: string, ...rest: readonly string[]): Promise<RunResult> {
    return tunnelmesh(['lab', verb, '--state', this.state, ...rest]);
  }

  /** Runs a command on a host of the lab. */
  on(host: string, argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
    return tunnelmesh(['lab', 'exec', '--state', this.state, host, '--', ...argv], options);
  }

  /** Runs `tunnelmesh` on the operator's machine and reads its JSON. */
  async operator(...args: readonly string[]): Promise<unknown> {
    const { stdout } = await this.on('operator', ['tunnelmesh', ...args, '--json']);
    return stdout === '' ? undefined : (JSON.parse(stdout) as unknown);
  }

  /** The operator's token. */
  async token(): Promise<string> {
    return (await this.on('operator', ['sh', '-c', 'cat "$HOME/token"'])).stdout.trim();
  }

  /** Adds a client; its files lie in a folder of its name. */
  async addClient(name: string): Promise<AddedClient> {
    const folder = this.folder(`files/${name}`);
    return addedSchema.parse(await this.operator('client', 'add', name, '--out', folder, '--wait'));
  }

  /** The clients as the API lists them. */
  async clients(): Promise<ClientView[]> {
    return clientListSchema.parse(await this.operator('client', 'list')).clients;
  }

  /** The file of a client for a gateway. */
  configOf(client: AddedClient, gateway: string): string {
    const file = client.files.find((candidate) => candidate.gateway === gateway);
    if (!file) throw new Error(`${client.client.name} has no file for ${gateway}`);
    return file.config;
  }

  /** Connects a device with a file by wg-quick. */
  async connect(device: string, config: string): Promise<void> {
    await this.lab('client', device, '--config', config);
  }

  /** Connects a device with a changed copy of a file, as somebody would who wants more than was given. */
  async connectChanged(device: string, config: string, change: (text: string) => string): Promise<void> {
    const folder = this.folder('changed');
    await mkdir(folder, { recursive: true });
    const copy = join(folder, `${device}.conf`);
    await writeFile(copy, change(await readFile(config, 'utf8')), { mode: 0o600 });
    await this.connect(device, copy);
  }

  /** Pings until one is answered, for as many seconds at most. */
  async reaches(host: string, address: string, withinSeconds = 5): Promise<void> {
    await this.on(host, ['ping', '-c', '1', '-w', String(withinSeconds), '-i', '0.2', address]);
  }

  /** Says whether any of a few pings is answered. */
  async canReach(host: string, address: string): Promise<boolean> {
    const ping = ['ping', '-c', '4', '-i', '0.2', '-W', '1', address];
    return (await this.on(host, ping, { okExitCodes: [1, 2] })).exitCode === 0;
  }

  /** What a resolver answers to a host, one line each. */
  async dig(host: string, server: string, name: string, ...flags: readonly string[]): Promise<string> {
    return (await this.on(host, ['dig', '+short', '+time=2', ...flags, `@${server}`, name])).stdout.trim();
  }

  /** Waits until the host's daemon answers `status`, and says that it is connected. */
  async untilConnected(host: string): Promise<void> {
    const until = 'until tunnelmesh status 2>/dev/null | grep -q "connected since"; do sleep 0.2; done';
    await this.on(host, ['timeout', String(BACK_TIMEOUT_MS / 1000), 'sh', '-c', until]);
  }

  /** Ends the lab and removes its folder. */
  async down(): Promise<void> {
    await this.lab('down');
    await rm(dirname(this.state), { recursive: true, force: true });
  }
}
