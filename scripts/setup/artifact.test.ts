import { copyFile, cp, mkdir, mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run } from '../../host/run.ts';
import { VERSION } from '../version.ts';
import { packArtifact } from './artifact.mjs';
import { bundle } from './build.mjs';

const ROOT = join(import.meta.dirname, '..', '..');

describe('the artifact', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-artifact-'));
    await checkout('command', join('scripts', 'tunnelmesh.ts'));
    await checkout('sqlite', join('test', 'bundle', 'program.ts'));
  }, 60_000);

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  /** A checkout, built, as far as packing looks at it. */
  async function checkout(name: string, entry: string): Promise<void> {
    const root = join(directory, name);
    await mkdir(join(root, 'bin'), { recursive: true });
    for (const file of ['LICENSE', 'package.json', 'bin/tunnelmesh.mjs'])
      await copyFile(join(ROOT, file), join(root, file));
    await bundle({ entry: join(ROOT, entry), packages: join(ROOT, 'node_modules'), outdir: join(root, 'dist') });
  }

  /** Packs a checkout and unpacks it in an empty folder, as a node does. */
  async function unpacked(name: string): Promise<string> {
    const { path } = await packArtifact(join(directory, name));
    const release = join(directory, `${name}-release`);
    await mkdir(release);
    await run(['tar', '--extract', '--gzip', '--file', path, '--directory', release]);
    return release;
  }

  it('runs where there is no node_modules', async () => {
    const release = await unpacked('command');
    const { stdout } = await run([join(release, 'bin', 'tunnelmesh.mjs'), '--version']);
    expect(stdout.trim()).toBe(VERSION);
  });

  it('brings the files along that SQLite and HCL need', async () => {
    const { stdout } = await run([process.execPath, join(await unpacked('sqlite'), 'dist', 'program.mjs')]);
    expect(JSON.parse(stdout)).toEqual({ row: { answer: 42 }, map: { nodes: { 'wg-us': { peer: true } } } });
  });

  it('is the same to the byte from the same files, whatever their times and place and however often', async () => {
    const first = await packArtifact(join(directory, 'command'));
    const copy = join(directory, 'copy');
    await cp(join(directory, 'command'), copy, { recursive: true });
    await utimes(join(copy, 'LICENSE'), 1, 1);
    expect((await packArtifact(copy)).sha256).toBe(first.sha256);
    expect((await packArtifact(copy)).sha256).toBe(first.sha256);
  });

  it('says its SHA-256', async () => {
    const { path, sha256 } = await packArtifact(join(directory, 'command'));
    expect((await run(['sha256sum', path])).stdout).toBe(`${sha256}  ${path}`);
  });

  it('is listed in order, owned by root, without source maps and without itself', async () => {
    const { path } = await packArtifact(join(directory, 'command'));
    const { stdout } = await run(['tar', '--list', '--verbose', '--utc', '--numeric-owner', '--gzip', '--file', path]);
    const entries = stdout.trimEnd().split('\n');
    for (const entry of entries)
      expect(entry).toMatch(/^-rw[x-]r-[x-]r-[x-] 0\/0 +\d+ 2000-01-01 00:00 \S+(?<!\.map|\.gz\.gz|\.tar\.gz)$/);
    const names = entries.map((entry) => entry.split(' ').at(-1) ?? '');
    expect(names.slice(0, 2)).toEqual(['LICENSE', 'bin/tunnelmesh.mjs']);
    expect(names.slice(2)).toEqual(names.slice(2).sort());
    expect(names).toContain('dist/tunnelmesh.mjs');
  });
});
