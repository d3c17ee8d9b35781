import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { run, type RunResult, start } from '../../host/run.ts';
import { commandOnHost, labClient, labDown, labKill, labRun, labStatus } from '../../lab/lab.ts';
import { childrenOf } from '../../lab/process-table.ts';
import { StateDirectory } from '../../lab/state-directory.ts';
import { machineState, residents } from './namespace-residents.ts';
import { HOSTS, placeholderPlan, PROGRAM } from './placeholder-plan.ts';

jest.setTimeout(90_000);

let directory: string;
let stateDirectory: string;

const up = async (): Promise<void> => {
  await labRun({ stateDirectory, plan: placeholderPlan(), detach: true, progress: () => undefined });
};

const on = async (host: string, ...command: [string, ...string[]]): Promise<RunResult> => {
  const { argv, env } = await commandOnHost({ stateDirectory, host, command });
  return run(argv, { env, okExitCodes: [1, 2] });
};

async function until(what: () => Promise<boolean>): Promise<void> {
  const deadline = systemClock.monotonic() + 30_000;
  while (!(await what())) {
    if (systemClock.monotonic() > deadline) throw new Error('it did not come to that within 30 s');
    await systemClock.sleep(50);
  }
}

/** The namespaces of a lab that is up: its supervisor's and all of its hosts'. */
async function namespacesOfLab(): Promise<Set<string>> {
  const record = await new StateDirectory(stateDirectory).record();
  const [supervisor] = await childrenOf(record?.launcher.pid ?? 0);
  const found = new Set<string>();
  for (const kind of ['net', 'mnt', 'pid']) {
    found.add((await run(['readlink', `/proc/${String(supervisor)}/ns/${kind}`])).stdout);
    for (const host of Object.keys(HOSTS)) found.add((await on(host, 'readlink', `/proc/self/ns/${kind}`)).stdout);
  }
  return found;
}

async function supervisorPid(): Promise<number> {
  const record = await new StateDirectory(stateDirectory).record();
  const [supervisor] = await childrenOf(record?.launcher.pid ?? 0);
  if (supervisor === undefined) throw new Error('the lab has no supervisor');
  return supervisor;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'lab-test-'));
  stateDirectory = join(directory, 'state');
});

afterAll(async () => {
  await labDown({ stateDirectory });
  await rm(directory, { recursive: true, force: true });
});

describe('a lab that is up', () => {
  beforeAll(up);
  afterAll(() => labDown({ stateDirectory }));

  it('has hosts that reach one another and the internet', async () => {
    for (const address of [HOSTS.alpha, HOSTS.beta, '198.18.0.80']) {
      expect((await on('gamma', 'ping', '-c', '1', '-W', '2', address)).exitCode).toBe(0);
    }
  });

  it('answers names of the plan and of the internet, and asks nobody else', async () => {
    expect((await on('beta', 'getent', 'ahostsv4', 'alpha.example.com')).stdout).toMatch(/^203\.0\.113\.10 /);
    expect((await on('beta', 'getent', 'ahostsv4', 'www.example.com')).stdout).toMatch(/^198\.18\.0\.80 /);
    expect((await on('beta', 'getent', 'ahostsv4', 'elsewhere.example.org')).exitCode).toBe(2);
  });

  it('gives each host its own name, files and processes, and nothing of another', async () => {
    expect((await on('beta', 'hostname')).stdout).toBe('beta');
    expect((await on('beta', 'cat', '/etc/tunnelmesh/peer.yaml')).stdout).toBe('name: beta');
    expect((await on('beta', 'stat', '-c', '%a', '/etc/tunnelmesh/peer.yaml')).stdout).toBe('600');
    await on('beta', 'touch', '/var/lib/tunnelmesh/mine', '/run/mine', '/etc/mine');
    const listed = await on('gamma', 'ls', '/var/lib/tunnelmesh/mine', '/run/mine', '/etc/mine');
    expect([listed.exitCode, listed.stdout]).toEqual([2, '']);
    await expect(access('/etc/mine')).rejects.toThrow('ENOENT');
    const processes = (await on('gamma', 'ps', '-e', '-o', 'args=')).stdout.split('\n');
    expect(processes.filter((line) => line === 'sleep infinity')).toHaveLength(2);
  });

  it('starts a daemon again that was killed', async () => {
    await labKill({ stateDirectory, host: 'beta' });
    await until(async () => {
      const beta = (await labStatus({ stateDirectory }))?.hosts.find((host) => host.name === 'beta');
      return beta?.daemon?.running === true && beta.daemon.restarts === 1;
    });
    await until(async () => (await readFile(join(stateDirectory, 'nodes/beta/log'), 'utf8')) === 'started\nstarted\n');
  });

  it('is not started a second time', async () => {
    await expect(up()).rejects.toThrow('lab down');
  });

  it('says which hosts there are when asked for another', async () => {
    await expect(on('delta', 'true')).rejects.toThrow('"delta" is no host of this lab; allowed: alpha, beta, gamma');
  });

  it('has devices on which wg-quick brings a plain configuration up and takes it down again', async () => {
    const keys = await Promise.all([1, 2].map(async () => (await run(['wg', 'genkey'])).stdout));
    const [one = '', two = ''] = keys;
    const publicKey = async (key: string): Promise<string> => (await run(['wg', 'pubkey'], { input: key })).stdout;
    const phone = join(directory, 'phone.conf');
    const gateway = join(directory, 'gateway.conf');
    await writeFile(
      gateway,
      `[Interface]\nPrivateKey = ${one}\nListenPort = 51820\nAddress = 172.30.0.1/16\n[Peer]\nPublicKey = ${await publicKey(two)}\nAllowedIPs = 172.30.100.5/32\n`,
    );
    await writeFile(
      phone,
      `[Interface]\nPrivateKey = ${two}\nAddress = 172.30.100.5/16\nDNS = 172.30.0.1\n[Peer]\nPublicKey = ${await publicKey(one)}\nAllowedIPs = 172.30.0.0/16\nEndpoint = 203.0.113.100:51820\nPersistentKeepalive = 25\n`,
    );
    await labClient({ stateDirectory, device: 'gateway', configFile: gateway });
    expect(await labClient({ stateDirectory, device: 'phone', configFile: phone })).toContain(
      '[#] ip -4 address add 172.30.100.5/16',
    );
    expect((await on('phone', 'ping', '-c', '3', '-i', '0.1', '-w', '5', '172.30.0.1')).exitCode).toBe(0);
    expect((await on('phone', 'cat', '/etc/resolv.conf')).stdout).toBe('nameserver 172.30.0.1');
    // The same file again: down, then up.
    await labClient({ stateDirectory, device: 'phone', configFile: phone });
    expect((await on('phone', 'ping', '-c', '1', '-w', '5', '172.30.0.1')).exitCode).toBe(0);
    await labClient({ stateDirectory, device: 'phone', configFile: null });
    expect((await on('phone', 'cat', '/etc/resolv.conf')).stdout).toBe('nameserver 203.0.113.1');
    expect((await on('phone', 'wg', 'show', 'interfaces')).stdout).toBe('');
  });
});

describe('a lab that ends', () => {
  it('in good order leaves nothing, and ending it again does nothing', async () => {
    const before = await machineState();
    await up();
    const namespaces = await namespacesOfLab();
    expect((await residents(namespaces)).length).toBeGreaterThan(Object.keys(HOSTS).length);
    await labDown({ stateDirectory });
    expect(await residents(namespaces)).toEqual([]);
    await expect(access(stateDirectory)).rejects.toThrow('ENOENT');
    await labDown({ stateDirectory });
    expect(await machineState()).toEqual(before);
  });

  it('by SIGKILL of its supervisor leaves nothing but its state directory, which the next lab clears away', async () => {
    const before = await machineState();
    await up();
    const namespaces = await namespacesOfLab();
    process.kill(await supervisorPid(), 'SIGKILL');
    await until(async () => (await residents(namespaces)).length === 0);
    expect(await machineState()).toEqual(before);
    expect(await labStatus({ stateDirectory })).toBeUndefined();
    await up();
    await labDown({ stateDirectory });
    await expect(access(stateDirectory)).rejects.toThrow('ENOENT');
  });

  it('in the foreground ends with its command, however that ends', async () => {
    const before = await machineState();
    const command = start([...PROGRAM, 'lab', 'run', '--state', stateDirectory], { output: 'ignore' });
    await until(async () => (await labStatus({ stateDirectory }).catch(() => undefined))?.phase === 'up');
    const namespaces = await namespacesOfLab();
    command.kill('SIGKILL');
    await until(async () => (await residents(namespaces)).length === 0);
    expect(await machineState()).toEqual(before);
    await labDown({ stateDirectory });
    await expect(access(stateDirectory)).rejects.toThrow('ENOENT');
  });

  it('before it is up leaves nothing', async () => {
    const stop = AbortSignal.timeout(300);
    const started = labRun({ stateDirectory, plan: placeholderPlan(), detach: true, progress: () => undefined, stop });
    await expect(started).rejects.toThrow('stopped before the lab was up');
    await expect(access(stateDirectory)).rejects.toThrow('ENOENT');
  });
});

describe('a state directory', () => {
  it('that holds something else is refused, and left alone', async () => {
    const other = join(directory, 'other');
    await new StateDirectory(other).create(placeholderPlan());
    await writeFile(join(other, 'letters.txt'), 'dear');
    const refused = labRun({ stateDirectory: other, plan: placeholderPlan(), detach: true, progress: () => undefined });
    await expect(refused).rejects.toThrow('holds letters.txt');
    await labDown({ stateDirectory: other });
    expect(await readFile(join(other, 'letters.txt'), 'utf8')).toBe('dear');
  });
});
