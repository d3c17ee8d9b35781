import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { start } from '../../host/run.ts';
import { childrenOf } from '../../lab/process-table.ts';
import { StateDirectory } from '../../lab/state-directory.ts';
import { machineState, residents } from './namespace-residents.ts';
import { CHECKOUT, tunnelmesh } from './test-lab.ts';

jest.setTimeout(180_000);

let folder: string;
let state: string;

beforeAll(async () => {
  await mkdir(join(CHECKOUT, 'out'), { recursive: true });
  folder = await mkdtemp(join(CHECKOUT, 'out/e2e-start-'));
  state = join(folder, 'lab');
});

afterAll(async () => {
  await tunnelmesh(['lab', 'down', '--state', state]);
  await rm(folder, { recursive: true, force: true });
});

/** Arguments of what `npm start` runs, with folders of the test's own. */
const startArguments = (...more: string[]): string[] => [
  'lab',
  'start',
  '--state',
  state,
  '--out',
  join(folder, 'files'),
  ...more,
];

/** The lab's supervisor as this machine numbers it, as soon as there is one. */
async function supervisor(): Promise<number> {
  for (let tries = 0; tries < 200; tries += 1) {
    const record = await new StateDirectory(state).record().catch(() => undefined);
    const [pid] = record ? await childrenOf(record.launcher.pid) : [];
    if (pid !== undefined) return pid;
    await systemClock.sleep(50);
  }
  throw new Error('no lab came up within 10 s');
}

describe('`npm start`', () => {
  it('with --once proves everything on real devices, writes the files of the first client, and leaves nothing else', async () => {
    const before = await machineState();
    const { stdout } = await tunnelmesh(startArguments('--once'), { timeoutMs: 150_000 });
    expect(stdout).toContain('Everything was proved on real devices.');
    expect((await readdir(join(folder, 'files'))).filter((name) => name.endsWith('.conf')).sort()).toEqual([
      'wg-asia.conf',
      'wg-eu.conf',
      'wg-us.conf',
    ]);
    expect(await readdir(folder)).toEqual(['files']);
    expect(await machineState()).toEqual(before);
  });

  it('killed with SIGKILL in the middle leaves a folder at most, and `lab down` takes that away', async () => {
    const before = await machineState();
    const command = start([process.execPath, join(CHECKOUT, 'dist/tunnelmesh.mjs'), ...startArguments()], {
      output: 'ignore',
    });
    const pid = await supervisor();
    await systemClock.sleep(2_000);
    const namespaces = new Set<string>();
    for (const kind of ['net', 'mnt', 'pid']) namespaces.add(await readlink(`/proc/${String(pid)}/ns/${kind}`));
    command.kill('SIGKILL');
    for (let tries = 0; tries < 100 && (await residents(namespaces)).length > 0; tries += 1)
      await systemClock.sleep(100);
    expect(await residents(namespaces)).toEqual([]);
    expect(await machineState()).toEqual(before);
    await tunnelmesh(['lab', 'down', '--state', state]);
    expect(await readdir(folder)).not.toContain('lab');
  });
});
