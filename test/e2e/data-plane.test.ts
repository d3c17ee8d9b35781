import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { readFileIfThere, writeFileAtomic } from '../../host/files.ts';
import type { Process } from '../../host/run.ts';
import { PrivateKey } from '../../mesh/key.ts';
import type { Setup } from './data-plane-program.ts';
import { PrivateMachines } from './private-machines.ts';

const PROGRAM = join(import.meta.dirname, 'data-plane-program.ts');
const CREATED = '2026-01-01T00:00:00.000Z';
const ANSWER_MS = 60_000;

const newKey = (): PrivateKey => PrivateKey.generate((count) => randomBytes(count));

/** The machines of this mesh: the coordinator, a peer, and two gateways. */
const MACHINES = {
  c: { last: 1, gateway: false },
  p: { last: 5, gateway: false },
  a: { last: 11, gateway: true },
  b: { last: 12, gateway: true },
} as const;
type Name = keyof typeof MACHINES;
const NAMES = Object.keys(MACHINES) as Name[];

describe('the data plane on real devices', () => {
  let machines: PrivateMachines;
  let directory: string;
  const asked = new Map<Name, number>();
  const programs = new Map<Name, Process>();
  const meshKeys = new Map(NAMES.map((name) => [name, newKey()]));
  const concentratorKeys = new Map(NAMES.map((name) => [name, newKey()]));
  const phone = newKey();
  const laptop = newKey();
  let revision = 1;

  const keyOf = (keys: Map<Name, PrivateKey>, name: Name): PrivateKey => {
    const key = keys.get(name);
    if (!key) throw new Error(name);
    return key;
  };
  const peer = (name: Name): object => ({
    id: name,
    name: `peer-${name}`,
    aliases: [],
    address: `172.30.0.${String(MACHINES[name].last)}`,
    coordinator: name === 'c',
    mesh_public_key: keyOf(meshKeys, name).publicKey(),
    mesh_endpoint: `203.0.113.${String(MACHINES[name].last)}:51821`,
    wireguard: MACHINES[name].gateway
      ? {
          public_key: keyOf(concentratorKeys, name).publicKey(),
          listen_port: 51820,
          endpoint: `203.0.113.${String(MACHINES[name].last)}:51820`,
        }
      : null,
  });
  const client = (id: string, last: number, key: PrivateKey, enabled: boolean): object => ({
    id,
    name: id,
    display_name: id,
    description: '',
    address: `172.30.100.${String(last)}`,
    public_key: key.publicKey(),
    enabled,
    gateway: 'a',
    created_at: CREATED,
    updated_at: CREATED,
  });
  const start = async (name: Name): Promise<void> => {
    const own = join(directory, name);
    asked.set(name, 0);
    await rm(own, { recursive: true, force: true });
    const setup: Setup = {
      id: name,
      address: `172.30.0.${String(MACHINES[name].last)}`,
      meshPrivateKey: keyOf(meshKeys, name).reveal(),
      concentratorPrivateKey: MACHINES[name].gateway ? keyOf(concentratorKeys, name).reveal() : null,
      hosts: '/run/tunnelmesh-hosts',
    };
    await writeFileAtomic(join(own, 'setup.json'), JSON.stringify(setup), 0o600);
    programs.set(name, machines.start(name, [process.execPath, '--import', 'tsx', PROGRAM, own]));
    expect(['kernel', 'wireguard-go']).toContain(await ask(name, 'start'));
  };
  const ask = async (name: Name, verb: string, message?: unknown): Promise<unknown> => {
    const number = (asked.get(name) ?? 0) + 1;
    asked.set(name, number);
    const file = join(directory, name, String(number));
    await writeFileAtomic(`${file}.request`, JSON.stringify({ verb, message }), 0o600);
    const ended = new AbortController();
    void programs.get(name)?.ended.then(() => {
      ended.abort();
    });
    const deadline = systemClock.monotonic() + ANSWER_MS;
    while (!ended.signal.aborted && systemClock.monotonic() < deadline) {
      const text = await readFileIfThere(`${file}.answer`);
      if (text !== undefined) {
        const answer = JSON.parse(text) as unknown;
        if (answer !== null && typeof answer === 'object' && 'error' in answer) throw new Error(String(answer.error));
        return answer;
      }
      await systemClock.sleep(10);
    }
    throw new Error(`${name} did not answer to ${verb}`);
  };
  const everybody = (verb: string, message?: unknown): Promise<unknown[]> =>
    Promise.all(NAMES.map((name) => ask(name, verb, message)));
  const delta = (changed: { clients?: object[]; attachments?: object[]; gone?: object }): Promise<unknown[]> => {
    revision += 1;
    const nothing = { peers: [], clients: [], attachments: [], gone: { peers: [], clients: [] } };
    return everybody('delta', { type: 'delta', revision, ...nothing, ...changed });
  };
  const snapshot = (): object => ({
    type: 'snapshot',
    epoch: 'test',
    revision: 1,
    mesh: { cidr: '172.30.0.0/16', suffix: 'tunnelmesh' },
    peers: NAMES.map(peer),
    clients: [client('phone', 5, phone, true), client('laptop', 6, laptop, true)],
    attachments: [],
  });
  /** How many of so many pings were answered. */
  const pings = async (from: string, to: string, count = 3): Promise<number> => {
    const argv = ['ping', '-q', '-n', '-i', '0.1', '-W', '1', '-c', String(count), to] as const;
    const { stdout } = await machines.on(from, argv, { okExitCodes: [1], timeoutMs: 60_000 });
    return Number(/([0-9]+) received/.exec(stdout)?.[1]);
  };
  const device = async (name: string, key: PrivateKey, last: number): Promise<void> => {
    await machines.add(name, `203.0.113.${String(last + 100)}/24`);
    machines.start(name, ['wireguard-go', '-f', 'wg0'], { LOG_LEVEL: 'silent' });
    while ((await machines.on(name, ['wg', 'show', 'wg0'], { okExitCodes: [1] })).exitCode !== 0)
      await systemClock.sleep(20);
    const file = join(directory, `${name}.key`);
    await writeFileAtomic(file, key.reveal(), 0o600);
    await machines.on(name, ['wg', 'set', 'wg0', 'private-key', file]);
    await machines.on(name, ['ip', 'address', 'add', `172.30.100.${String(last)}/16`, 'dev', 'wg0']);
    await machines.on(name, ['ip', 'link', 'set', 'wg0', 'mtu', '1420', 'up']);
  };
  /** As a person toggles tunnels: every session is dropped, and one gateway is the only peer. */
  const connect = async (name: string, gateway: 'a' | 'b'): Promise<void> => {
    const endpoint = `203.0.113.${String(MACHINES[gateway].last)}:51820`;
    const there = ['peer', keyOf(concentratorKeys, gateway).publicKey(), 'endpoint', endpoint] as const;
    const gone = (['a', 'b'] as const).flatMap((g) => ['peer', keyOf(concentratorKeys, g).publicKey(), 'remove']);
    const allowed = ['persistent-keepalive', '25', 'allowed-ips', '172.30.0.0/16'] as const;
    await machines.on(name, ['wg', 'set', 'wg0', ...gone]);
    await machines.on(name, ['wg', 'set', 'wg0', ...there, ...allowed]);
  };

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-data-plane-'));
    machines = await PrivateMachines.create();
    for (const name of NAMES) await machines.add(name, `203.0.113.${String(MACHINES[name].last)}/24`);
    await Promise.all(NAMES.map(start));
    await everybody('snapshot', snapshot());
    await device('phone', phone, 5);
    await device('laptop', laptop, 6);
    await connect('phone', 'a');
    await connect('laptop', 'a');
  }, 120_000);

  afterAll(async () => {
    await machines.end();
    await rm(directory, { recursive: true, force: true });
  }, 30_000);

  it('a client reaches peer, coordinator and both gateways through the gateway it is attached to', async () => {
    for (const last of [5, 1, 11, 12]) expect(await pings('phone', `172.30.0.${String(last)}`)).toBe(3);
    expect(await pings('p', '172.30.100.5')).toBe(3);
  }, 60_000);

  it('names are answered at the service address, by the gateway itself', async () => {
    const ask = async (name: string): Promise<string> =>
      (
        await machines.on('phone', ['dig', '+short', '+tries=2', '+time=2', '@172.30.0.1', name], { okExitCodes: [9] })
      ).stdout.trim();
    expect(await ask('peer-p.tunnelmesh')).toBe('172.30.0.5');
    expect(await ask('laptop.tunnelmesh')).toBe('172.30.100.6');
    expect(await ask('this.tm')).toBe('172.30.0.1');
    await machines.on('c', ['ip', 'link', 'set', 'eth0', 'down']);
    expect(await ask('phone.tunnelmesh')).toBe('172.30.100.5');
    await machines.on('c', ['ip', 'link', 'set', 'eth0', 'up']);
    const { stdout } = await machines.on('p', ['dig', '+short', '@172.30.0.1', 'panel.tunnelmesh']);
    expect(stdout.trim()).toBe('172.30.0.1');
  }, 60_000);

  it('a name that comes, changes and goes is answered so', async () => {
    const answers = async (name: string, expected: string): Promise<void> => {
      const argv = ['dig', '+short', '+tries=2', '+time=2', '@172.30.0.1', `${name}.tunnelmesh`] as const;
      while ((await machines.on('phone', argv)).stdout.trim() !== expected) await systemClock.sleep(50);
    };
    const tablet = client('tablet', 7, newKey(), true);
    await delta({ clients: [tablet] });
    await answers('tablet', '172.30.100.7');
    await delta({ clients: [{ ...tablet, name: 'slate' }] });
    await answers('slate', '172.30.100.7');
    await answers('tablet', '');
    await delta({ gone: { peers: [], clients: ['tablet'] } });
    await answers('slate', '');
    await answers('laptop', '172.30.100.6');
  }, 60_000);

  it('clients reach neither each other nor anything outside the mesh', async () => {
    expect(await pings('laptop', '172.30.0.5')).toBe(3);
    expect(await pings('phone', '172.30.100.6')).toBe(0);
    const wide = ['wg', 'set', 'wg0', 'peer', keyOf(concentratorKeys, 'a').publicKey(), 'allowed-ips', '0.0.0.0/0'];
    await machines.on('phone', wide as [string, ...string[]]);
    await machines.on('phone', ['ip', 'route', 'add', '203.0.113.5/32', 'dev', 'wg0']);
    await machines.on('phone', ['ip', 'route', 'add', '169.254.169.254/32', 'dev', 'wg0']);
    expect(await pings('phone', '203.0.113.5')).toBe(0);
    expect(await pings('phone', '169.254.169.254')).toBe(0);
    await machines.on('a', ['ip', 'address', 'add', '198.51.100.1/32', 'dev', 'eth0']);
    await machines.on('phone', ['ip', 'route', 'add', '198.51.100.1/32', 'dev', 'wg0']);
    expect(await pings('phone', '198.51.100.1')).toBe(0);
  }, 60_000);

  it('a client that comes in by another gateway is noticed there, and keeps its address when it is attached', async () => {
    const loss = pings('laptop', '172.30.0.5', 50);
    await connect('phone', 'b');
    expect(await pings('phone', '172.30.0.5', 1)).toBe(0);
    expect(await ask('b', 'newcomers')).toEqual(['172.30.100.5']);
    expect(await ask('b', 'newcomers')).toEqual([]);
    await delta({ attachments: [{ client: 'phone', gateway: 'b', sequence: 1 }] });
    expect(await pings('phone', '172.30.0.5', 5)).toBe(5);
    expect(await pings('p', '172.30.100.5')).toBe(3);
    expect(await loss).toBe(50);
  }, 60_000);

  it('a gateway cannot speak for a client that is attached elsewhere', async () => {
    await machines.on('a', ['ip', 'address', 'add', '172.30.100.5/32', 'dev', 'lo']);
    await machines.on('a', ['ip', 'rule', 'add', 'pref', '1', 'from', '172.30.100.5', 'lookup', '17231']);
    const counted = async (): Promise<number> => {
      const { stdout } = await machines.on('p', ['cat', '/proc/net/dev']);
      return Number(/tmx: *[0-9]+ +([0-9]+)/.exec(stdout)?.[1]);
    };
    const before = await counted();
    expect(await pings('a', '172.30.0.5', 1)).toBe(1);
    await machines.on('a', ['ping', '-q', '-c', '3', '-i', '0.1', '-W', '1', '-I', '172.30.100.5', '172.30.0.5'], {
      okExitCodes: [1],
    });
    expect(await counted()).toBe(before);
    await machines.on('a', ['ip', 'rule', 'del', 'pref', '1']);
    await machines.on('a', ['ip', 'address', 'del', '172.30.100.5/32', 'dev', 'lo']);
  }, 60_000);

  it('a daemon that was killed and is started again adopts the devices and nobody loses a packet', async () => {
    const loss = pings('laptop', '172.30.0.5', 60);
    await machines.on('a', ['kill', '-KILL', String(await ask('a', 'pid'))]);
    await programs.get('a')?.ended;
    await start('a');
    await ask('a', 'snapshot', { ...snapshot(), attachments: [{ client: 'phone', gateway: 'b', sequence: 1 }] });
    expect(await loss).toBe(60);
    const { stdout } = await machines.on('laptop', ['dig', '+short', '@172.30.0.1', 'phone.tunnelmesh']);
    expect(stdout.trim()).toBe('172.30.100.5');
  }, 60_000);

  it('a disabled client is off every device before its change is done, and others do not notice', async () => {
    const loss = pings('laptop', '172.30.0.5', 30);
    await delta({ clients: [client('phone', 5, phone, false)] });
    for (const name of ['a', 'b'] as const)
      expect(JSON.stringify(await ask(name, 'handshakes'))).not.toContain(phone.publicKey());
    expect(await pings('phone', '172.30.0.5')).toBe(0);
    expect(await loss).toBe(30);
    await delta({ clients: [client('phone', 5, phone, true)] });
    await connect('phone', 'b');
    expect(await pings('phone', '172.30.0.5', 5)).toBe(5);
  }, 90_000);

  it('a device that is gone is missed, and closing leaves nothing', async () => {
    expect(await ask('p', 'intact')).toBe(true);
    await machines.on('p', ['ip', 'link', 'delete', 'tmx']);
    expect(await ask('p', 'intact')).toBe(false);
    await everybody('close');
    for (const name of NAMES) {
      const left = await Promise.all([
        machines.on(name, ['nft', 'list', 'ruleset']),
        machines.on(name, ['ip', 'rule', 'show']),
        machines.on(name, ['ip', '-brief', 'link']),
      ]);
      expect(left.map(({ stdout }) => stdout).join('\n')).not.toMatch(/tunnelmesh|1723|wg0|tm0|tmx/);
    }
  }, 60_000);
});
