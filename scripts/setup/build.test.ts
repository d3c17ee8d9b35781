import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { run } from '../../host/run.ts';
import { bundle } from './build.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

describe('the build', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-build-'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true });
  });

  function build(program: string): Promise<void> {
    return bundle({
      entry: join(ROOT, 'test', 'bundle', program),
      packages: join(ROOT, 'node_modules'),
      outdir: join(directory, 'dist'),
    });
  }

  it('makes a program that opens SQLite and reads HCL where there is no node_modules', async () => {
    await build('program.ts');
    const { stdout } = await run([process.execPath, join(directory, 'dist', 'program.mjs')]);
    expect(JSON.parse(stdout)).toEqual({ row: { answer: 42 }, map: { nodes: { 'wg-us': { peer: true } } } });
  });

  it('is the same to the byte when made again', async () => {
    const digest = async (): Promise<string> =>
      (await run(['sh', '-c', 'cd "$0" && find . -type f | sort | xargs sha256sum', directory])).stdout;
    await build('program.ts');
    const first = await digest();
    await build('program.ts');
    expect(await digest()).toBe(first);
  });

  it('refuses a program that brings cdktf in, and leaves nothing', async () => {
    await expect(build('intruder.ts')).rejects.toThrow(/test\/bundle\/intruder\.ts brings \S*node_modules\/cdktf\//);
    expect(await readdir(directory)).toEqual([]);
  });

  it('refuses to take names from a CommonJS module by import()', async () => {
    await expect(build('lazy.ts')).rejects.toThrow(
      /write `const \{ default: x \} = await import\('@cdktf\/hcl2json'\)`/,
    );
  });

  it('names the program that is missing', async () => {
    await expect(build('none.ts')).rejects.toThrow(/none\.ts is missing/);
  });
});
