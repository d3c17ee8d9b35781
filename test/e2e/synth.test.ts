/** `npx cdktf synth` as a person runs it, on a machine that has Node and npm and no Terraform. */
import {
  access,
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CommandError, run } from '../../host/run.ts';

/** The command-line interface takes seconds to load, more on a busy machine. */
const TIMEOUT_MS = 180_000;

let directory: string;
let environment: Record<string, string>;

/** Where the program lies that a shell would run under this name. */
async function locate(program: string): Promise<string> {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      await access(path);
      return await realpath(path);
    } catch {
      continue;
    }
  }
  throw new Error(`${program} is not installed`);
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-e2e-synth-'));
  const [bin, home] = [join(directory, 'bin'), join(directory, 'home')];
  await Promise.all([mkdir(bin), mkdir(home)]);
  for (const program of ['npx', 'sh']) await symlink(await locate(program), join(bin, program));
  await symlink(process.execPath, join(bin, 'node'));
  environment = { PATH: bin, HOME: home, CHECKPOINT_DISABLE: '1', NO_UPDATE_NOTIFIER: '1', NODE_OPTIONS: '' };
});

afterAll(async () => {
  await rm(directory, { recursive: true });
});

/** The names of what lies in the checkout. */
async function checkout(): Promise<readonly string[]> {
  return (await readdir('.')).sort();
}

describe('cdktf synth', () => {
  it(
    'writes every stack without a terraform binary, the lock file beside the mesh file, and nothing into the checkout',
    async () => {
      const before = await checkout();
      const mesh = join(directory, 'deployed.yaml');
      await copyFile('mesh.yaml', mesh);
      const output = join(directory, 'out');
      const { stdout } = await run([join(directory, 'bin', 'npx'), 'cdktf', 'synth', '--output', output], {
        env: { ...environment, TUNNELMESH_MESH_FILE: mesh },
        timeoutMs: TIMEOUT_MS,
      });
      expect(stdout).toContain('Generated Terraform code for the stacks: ');
      const manifest = JSON.parse(await readFile(join(output, 'manifest.json'), 'utf8')) as { stacks: object };
      expect(Object.keys(manifest.stacks).sort()).toEqual([
        'coordinator',
        'gateway-fra1',
        'gateway-nyc3',
        'gateway-sgp1',
      ]);
      expect((await readdir(join(output, 'stacks'))).sort()).toEqual(Object.keys(manifest.stacks).sort());
      const lock = JSON.parse(await readFile(join(directory, 'deployed.lock.json'), 'utf8')) as { nodes: object };
      expect(Object.keys(lock.nodes)).toEqual(['coordinator', 'wg-asia', 'wg-eu', 'wg-us']);
      expect(stdout).toContain('The mesh asks for 4 reserved IPs');
      expect(await checkout()).toEqual(before);
    },
    TIMEOUT_MS,
  );
});

describe('the app', () => {
  /** How it ends with this mesh file. */
  async function refusal(meshFile: string): Promise<CommandError> {
    const env = { ...environment, TUNNELMESH_MESH_FILE: meshFile, CDKTF_OUTDIR: join(directory, 'refused') };
    try {
      await run([process.execPath, '--import', 'tsx', 'main.ts'], { env, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
    throw new Error(`${meshFile} was accepted`);
  }

  it(
    'names every problem of a mesh file, exits with 2 and writes nothing',
    async () => {
      const path = join(directory, 'mesh.yaml');
      await writeFile(path, 'nodes:\n  hub: { coordinator: true, wiregaurd: true, wg_port: 70000 }\n  wg_us: {}\n');
      const { exitCode, output } = await refusal(path);
      expect(exitCode).toBe(2);
      expect(output).toMatch(/^.*mesh\.yaml: 3 problems\n/);
      for (const part of ['did you mean "wireguard"', 'wg_us', '70000']) expect(output).toContain(part);
      expect(output).not.toMatch(/^ +at /m);
      for (const made of ['refused', 'mesh.lock.json'])
        await expect(access(join(directory, made))).rejects.toThrow('ENOENT');
    },
    TIMEOUT_MS,
  );

  it(
    'says which file it looked for when there is none',
    async () => {
      const { exitCode, output } = await refusal(join(directory, 'nowhere.yaml'));
      expect(exitCode).toBe(2);
      expect(output).toContain('nowhere.yaml');
    },
    TIMEOUT_MS,
  );
});
