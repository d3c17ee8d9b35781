import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LabError } from './start.ts';
import { hiddenBelow, requireVisible } from './visible-place.ts';

describe('a place that every host of a lab must see', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'visible-'));
    await symlink('/run', join(folder, 'elsewhere'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('is hidden in directories that hosts have to themselves, and nowhere else', () => {
    expect(hiddenBelow('/run')).toBe('/run');
    expect(hiddenBelow('/run/user/0/tunnelmesh')).toBe('/run');
    expect(hiddenBelow('/var/lib/tunnelmesh/lab')).toBe('/var/lib/tunnelmesh');
    for (const path of ['/runner/lab', '/home/me/run', '/var/lib/jenkins', '/etc/alternatives/node'])
      expect(hiddenBelow(path)).toBeUndefined();
  });

  it('is refused in one sentence, also where a link leads there or it does not exist yet', async () => {
    const path = join(folder, 'elsewhere/not-there/lab');
    await expect(requireVisible([{ what: "the lab's folder", path }])).rejects.toThrow(
      new LabError(`the lab's folder is in ${path}, where no host of a lab can see it; allowed: a place outside /run`),
    );
  });

  it('is taken anywhere else', async () => {
    await requireVisible([
      { what: "the lab's folder", path: join(folder, 'lab') },
      { what: 'this program', path: process.execPath },
    ]);
  });
});
