/** `npm start` on a machine that cannot make namespaces. */
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { closeSync, openSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { run, start } from '../../host/run.ts';
import { machineState } from './namespace-residents.ts';
import { CHECKOUT } from './test-lab.ts';

jest.setTimeout(60_000);

const WHY =
  'This machine does not let the lab make network namespaces: none are allowed here, see sysctl user.max_user_namespaces.';

/**
 * Runs the command without CAP_SYS_ADMIN and where no user namespace may be made; in a network of its own, so that its
 * ports are free.
 */
function restricted(command: readonly string[]): readonly [string, ...string[]] {
  const line =
    'echo 0 >/proc/sys/user/max_user_namespaces && ip link set lo up && ' +
    'exec setpriv --bounding-set -sys_admin --inh-caps -sys_admin --no-new-privs -- "$@"';
  return ['unshare', '--user', '--map-root-user', '--net', '--', 'sh', '-c', line, 'sh', ...command];
}

describe('where no namespaces can be made, `npm start`', () => {
  let folder: string;
  let command: readonly string[];

  beforeAll(async () => {
    await mkdir(join(CHECKOUT, 'out'), { recursive: true });
    folder = await mkdtemp(join(CHECKOUT, 'out/e2e-'));
    const program = [process.execPath, join(CHECKOUT, 'dist/tunnelmesh.mjs')];
    command = [...program, 'lab', 'start', '--state', join(folder, 'lab'), '--out', join(folder, 'files')];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('with --once says why in one sentence, and that nothing was proved', async () => {
    expect(await run(restricted([...command, '--once']), { okExitCodes: [1] })).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `tunnelmesh: nothing can be proved here. ${WHY}`,
    });
    expect(await readdir(folder)).toEqual([]);
  });

  it('says why, and has a coordinator with simulated devices answer until Ctrl-C', async () => {
    const before = await machineState();
    const log = join(folder, 'log');
    const output = openSync(log, 'w');
    const started = start(restricted(command), { output });
    closeSync(output);
    try {
      for (let tries = 0; !(await readFile(log, 'utf8')).includes('connected to the coordinator'); tries += 1) {
        if (tries > 200) throw new Error(`it did not come up: ${await readFile(log, 'utf8')}`);
        await systemClock.sleep(100);
      }
      const [why, instead, look = ''] = (await readFile(log, 'utf8')).split('\n');
      expect(why).toBe(WHY);
      expect(instead).toBe('A coordinator with simulated devices runs instead, to look at; Ctrl-C ends it.');
      const there = ['nsenter', '-t', String(started.pid), '-U', '--preserve-credentials', '-n', '--'] as const;
      const { stdout } = await run([...there, 'sh', '-c', look.replace('Look: curl', 'curl -sS --fail')]);
      expect(JSON.parse(stdout)).toMatchObject({
        peers: [{ name: 'coordinator', address: '172.30.0.1', wireguard: { listen_port: 51820 }, connected: true }],
      });
    } finally {
      started.kill('SIGINT');
    }
    expect(await started.ended).toBe('exit code 130');
    expect(await readdir(folder)).toEqual(['log']);
    expect(await machineState()).toEqual(before);
  });
});
