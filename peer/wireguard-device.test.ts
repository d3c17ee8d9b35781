import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../host/clock.ts';
import { createLog } from '../host/log.ts';
import type { Run, Start } from '../host/run.ts';
import type { WireguardPeerEntry } from '../mesh/entry.ts';
import { ipv4, privateKey, publicKey } from '../test/fakes/example-mesh.ts';
import { type Answer, Transcript } from '../test/fakes/transcript.ts';
import { WireguardDevice } from './wireguard-device.ts';

const OWN = privateKey(1);
const DUMP = 'wg show tm0 dump';
const NO_DEVICE: Answer = { exitCode: 1, output: 'Unable to access interface: No such device' };
const dumpOf = (key: string, ...peers: string[]): string => [`SECRET\t${key}\t51821\toff`, ...peers, ''].join('\n');
const DEVICE = dumpOf(OWN.publicKey());
const SETTLED: [string | RegExp, Answer][] = [
  ['ip address replace 172.30.0.5/32 dev tm0', ''],
  ['ip link set tm0 mtu 1420 up', ''],
];
const entry = (number: number, endpoint: string | null = null): WireguardPeerEntry => ({
  table: 'wireguard',
  device: 'tm0',
  key: publicKey(number),
  address: ipv4(`172.30.0.${String(number)}`),
  endpoint,
  keepaliveSeconds: endpoint === null ? null : 25,
});

describe('a WireGuard device', () => {
  let runtime: string;
  let started: string[];
  let now: number;
  const warnings: string[] = [];
  const clock: Clock = {
    wall: () => now,
    monotonic: () => now,
    sleep: (ms) => {
      now += ms;
      return Promise.resolve();
    },
  };
  const start: Start = (argv, options) => {
    started.push(`${argv.join(' ')}${options.detached ? ' (detached)' : ''}`);
    return { pid: 1, ended: new Promise(() => undefined), kill: () => undefined };
  };
  const device = (run: Run): WireguardDevice =>
    new WireguardDevice(
      { name: 'tm0', privateKey: OWN, listenPort: 51821, address: ipv4('172.30.0.5'), runtime },
      { run, start, clock, log: createLog((line) => warnings.push(line)) },
    );

  beforeEach(async () => {
    runtime = await mkdtemp(join(tmpdir(), 'tunnelmesh-wireguard-'));
    started = [];
    now = 0;
    warnings.length = 0;
  });

  afterEach(async () => {
    expect(await readdir(runtime)).toEqual([]);
    await rm(runtime, { recursive: true });
  });

  it('is the kernel’s where the kernel has WireGuard; its key goes by file and the file goes', async () => {
    const host = new Transcript([
      [DUMP, NO_DEVICE],
      ['ip link add tm0 type wireguard', ''],
      [/^wg set tm0 private-key \/.*\/wg-[0-9a-f-]+ listen-port 51821$/, ''],
      ...SETTLED,
    ]);
    expect(await device(host.run).open()).toBe('kernel');
    expect(started).toEqual([]);
    expect(host.lines.join('\n')).not.toContain(OWN.reveal());
  });

  it('is wireguard-go’s where the kernel has none, started so that it outlives the daemon', async () => {
    const host = new Transcript([
      [DUMP, NO_DEVICE],
      ['ip link add tm0 type wireguard', { exitCode: 2, output: 'Error: Unknown device type.' }],
      [/^wg set tm0 private-key /, ''],
      ...SETTLED,
    ]);
    const opening = device((argv, options) => {
      if (started.length > 0) host.answer(DUMP, dumpOf('(none)'));
      return host.run(argv, options);
    }).open();
    expect(await opening).toBe('wireguard-go');
    expect(started).toEqual(['wireguard-go -f tm0 (detached)']);
  });

  it('that wireguard-go does not make in five seconds is an error', async () => {
    const host = new Transcript([
      [DUMP, NO_DEVICE],
      ['ip link add tm0 type wireguard', { exitCode: 2, output: 'RTNETLINK answers: Operation not supported' }],
    ]);
    await expect(device(host.run).open()).rejects.toThrow(
      'wireguard-go made no device tm0: it did not answer within 5 s',
    );
  });

  it('with our key is adopted as it is, its key and port not written again', async () => {
    const host = new Transcript([
      [DUMP, DEVICE],
      ['ip -details link show tm0', '2: tm0: <UP>\n    link/none\n    wireguard addrgenmode none\n'],
      ...SETTLED,
    ]);
    expect(await device(host.run).open()).toBe('kernel');
    expect(host.lines.filter((line) => line.startsWith('wg set'))).toEqual([]);
  });

  it('with another key is somebody else’s and left alone', async () => {
    const host = new Transcript([[DUMP, dumpOf(publicKey(9))]]);
    await expect(device(host.run).open()).rejects.toThrow(`there is a WireGuard device tm0 already, with the key`);
    expect(host.lines).toEqual([DUMP]);
  });

  it('is changed peer by peer, several in a call', async () => {
    const host = new Transcript([[/^wg set tm0 peer/, '']]);
    await device(host.run).withdraw([entry(5), entry(6)]);
    await device(host.run).admit([entry(7, '203.0.113.7:51821'), entry(8)]);
    expect(host.lines).toEqual([
      `wg set tm0 peer ${publicKey(5)} remove peer ${publicKey(6)} remove`,
      `wg set tm0 peer ${publicKey(7)} endpoint 203.0.113.7:51821 persistent-keepalive 25 allowed-ips 172.30.0.7/32` +
        ` peer ${publicKey(8)} allowed-ips 172.30.0.8/32`,
    ]);
  });

  it('takes many new peers by addconf, a thousand in a call, and many removals ten thousand in a call', async () => {
    const host = new Transcript([
      [/^wg addconf tm0 /, ''],
      [/^wg set tm0 peer/, ''],
    ]);
    const many = Array.from({ length: 2500 }, () => entry(5));
    await device(host.run).admit(many);
    expect(host.lines.map((line) => line.slice(0, 14))).toEqual(Array(3).fill('wg addconf tm0'));
    host.lines.length = 0;
    await device(host.run).withdraw(Array.from({ length: 10_001 }, () => entry(5)));
    expect(host.lines.length).toBe(2);
    expect(Math.max(...host.lines.map((line) => line.length))).toBeLessThan(1024 * 1024);
  });

  it('gives a peer its endpoint by name apart from the rest; a name that does not resolve is a warning', async () => {
    const host = new Transcript([
      [/^wg set tm0 peer \S+ persistent-keepalive 25 allowed-ips 172.30.0.7\/32$/, ''],
      [/ endpoint nas.example.com:51821$/, { exitCode: 1, output: 'Name or service not known' }],
    ]);
    await device(host.run).admit([entry(7, 'nas.example.com:51821')]);
    expect(warnings).toEqual([
      'warn: a peer has no endpoint for now endpoint=nas.example.com:51821 why="Name or service not known"\n',
    ]);
  });

  it('shows its peers as entries, with an endpoint learned on the way taken for the wanted one', async () => {
    const line = (number: number, endpoint: string, allowed: string, keepalive: string): string =>
      [publicKey(number), '(none)', endpoint, allowed, '0', '0', '0', keepalive].join('\t');
    const host = new Transcript([
      [
        DUMP,
        dumpOf(
          OWN.publicKey(),
          line(7, '198.51.100.9:1024', '172.30.0.7/32', '25'),
          line(8, '(none)', '172.30.0.8/32', 'off'),
        ),
      ],
    ]);
    const wanted = entry(7, '203.0.113.7:51821');
    expect(await device(host.run).entries(new Map([[wanted.key, wanted]]))).toEqual([wanted, entry(8)]);
  });
});
