import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import type { LabPlan } from './plan.ts';
import { StateDirectory } from './state-directory.ts';

const plan: LabPlan = {
  origin: 'test',
  program: ['tunnelmesh'],
  hosts: [
    { name: 'a' as Label, kind: 'node', address: '203.0.113.10' as Ipv4, files: [], daemon: null, ready_when: [] },
  ],
  names: {},
};

let parent: string;
let state: StateDirectory;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'state-'));
  state = new StateDirectory(join(parent, 'lab'));
});

afterEach(() => rm(parent, { recursive: true }));

describe('a state directory', () => {
  it('and the plan in it are their owner’s alone, for they hold tokens', async () => {
    await state.create(plan);
    expect((await stat(state.path)).mode & 0o777).toBe(0o700);
    expect((await stat(join(state.path, 'plan.json'))).mode & 0o777).toBe(0o600);
    expect(await state.plan()).toEqual(plan);
  });

  it('is removed whole, with what a killed writer left', async () => {
    await state.create(plan);
    await mkdir(join(state.path, 'nodes/a/var'), { recursive: true });
    await writeFile(join(state.path, '.2f1d0c5e-5a77-4b0e-9d4c-0123456789ab.tmp'), '');
    expect(await state.strangers()).toEqual([]);
    await state.remove();
    expect(await readdir(parent)).toEqual([]);
    await state.remove();
  });

  it('without a plan is nobody’s lab: all in it is left alone, whatever it is called', async () => {
    await mkdir(join(state.path, 'nodes'), { recursive: true });
    expect(await state.strangers()).toEqual(['nodes']);
    await state.remove();
    expect(await readdir(state.path)).toEqual(['nodes']);
  });

  it('has no record of a lab where the file is damaged', async () => {
    await state.create(plan);
    expect(await state.record()).toBeUndefined();
    await writeFile(join(state.path, 'lab.json'), '{"launcher":');
    expect(await state.record()).toBeUndefined();
    const record = { launcher: { pid: 7, startTime: 8 }, privilege: 'root', hosts: { a: '203.0.113.10' } } as const;
    await state.writeRecord(record);
    expect(await state.record()).toEqual(record);
  });
});
