import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { applySysctls, deviceSysctls } from './sysctls.ts';

describe('kernel settings', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'tunnelmesh-sysctls-'));
    for (const device of ['all', 'wg0', 'tm0', 'tmx']) {
      await mkdir(join(root, device));
      for (const setting of ['forwarding', 'rp_filter']) await writeFile(join(root, device, setting), '0\n');
    }
  });

  afterEach(async () => {
    await rm(root, { recursive: true });
  });

  it('are the devices’ alone: a gateway forwards what comes in by wg0 and tmx, and checks loosely', async () => {
    await applySysctls(deviceSysctls(true), root);
    const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');
    expect(await Promise.all(['wg0', 'tm0', 'tmx', 'all'].map((device) => read(`${device}/forwarding`)))).toEqual([
      '1',
      '0\n',
      '1',
      '0\n',
    ]);
    expect(await Promise.all(['wg0', 'tm0', 'tmx', 'all'].map((device) => read(`${device}/rp_filter`)))).toEqual([
      '2',
      '2',
      '2',
      '0\n',
    ]);
  });

  it('that are so already are not written', async () => {
    const path = join(root, 'tm0', 'forwarding');
    const before = (await stat(path)).mtimeMs;
    await applySysctls([{ device: 'tm0', setting: 'forwarding', value: '0' }], root);
    expect((await stat(path)).mtimeMs).toBe(before);
    expect(await readFile(path, 'utf8')).toBe('0\n');
  });

  it('of a machine that is no gateway forward nothing and know no wg0', () => {
    expect(deviceSysctls(false).filter(({ device, value }) => device === 'wg0' || value === '1')).toEqual([]);
  });
});
