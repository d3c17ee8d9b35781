import { describe, expect, it } from '@jest/globals';
import { systemClock } from '../host/clock.ts';
import { createLog } from '../host/log.ts';
import type { Run, Start } from '../host/run.ts';
import { addressPlan, DEFAULT_MESH_CIDR } from '../mesh/address-plan.ts';
import { clientRecord, ipv4, meshState, peerRecord, privateKey, publicKey } from '../test/fakes/example-mesh.ts';
import { type Answer, Transcript } from '../test/fakes/transcript.ts';
import { KernelDataPlane } from './kernel-data-plane.ts';

const nothingStarts: Start = () => {
  throw new Error('nothing is started here');
};
const EMPTY: [string | RegExp, Answer][] = [
  [/^ip route show table 1723[01]$/, ''],
  [/^wg show (wg0|tm0) dump$/, 'SECRET\t(none)\t51820\toff\n'],
  [/^wg set /, ''],
  ['nft -f -', ''],
  ['ip -batch -', ''],
  [/^conntrack -D --src 172.30.100.[0-9]+$/, { exitCode: 1, output: '0 flow entries' }],
];
const PEERS = [peerRecord(2, true), peerRecord(3, true)];
const client = clientRecord(5, { gateway: 'p2' });
const here = meshState(PEERS, [client]);
const change = { all: false, peers: [], clients: ['c5'] } as const;

describe('the kernel’s data plane', () => {
  const warnings: string[] = [];
  const planeOn = (run: Run): KernelDataPlane =>
    new KernelDataPlane({
      run,
      start: nothingStarts,
      clock: systemClock,
      log: createLog((line) => warnings.push(line)),
      searchPath: '',
      paths: { runtime: '/nonexistent', hosts: '/nonexistent' },
      self: {
        id: 'p2',
        address: ipv4('172.30.0.2'),
        meshPrivateKey: privateKey(1),
        meshPort: 51821,
        concentrator: { privateKey: privateKey(2), listenPort: 51820 },
      },
      addresses: addressPlan(DEFAULT_MESH_CIDR),
      suffix: 'tunnelmesh',
    });

  it('moves a client by one firewall transaction and one batch of routes, and nothing else', async () => {
    const host = new Transcript(EMPTY);
    const plane = planeOn(host.run);
    await plane.apply(here, { all: true });
    host.lines.length = 0;
    await plane.apply(meshState(PEERS, [client], [{ client: 'c5', gateway: 'p3', sequence: 1 }]), change);
    expect(host.lines).toEqual([
      'nft -f -',
      '< add element inet tunnelmesh may4 { 172.30.0.3 . 0xac1e6405 }',
      '< delete element inet tunnelmesh here4 { 172.30.100.5 }',
      'ip -batch -',
      '< route replace 172.30.100.5/32 table 17230 encap ip id 1 dst 172.30.0.3 dev tmx src 172.30.0.2',
      '< route replace 172.30.100.5/32 table 17231 encap ip id 1 dst 172.30.0.3 dev tmx',
    ]);
  });

  it('takes a disabled client’s key off the device before anything else, and ends its connections', async () => {
    const host = new Transcript(EMPTY);
    const plane = planeOn(host.run);
    await plane.apply(here, { all: true });
    host.lines.length = 0;
    await plane.apply(meshState(PEERS, [{ ...client, enabled: false }]), change);
    expect(host.lines).toEqual([
      `wg set wg0 peer ${publicKey(42)} remove`,
      'nft -f -',
      '< delete element inet tunnelmesh here4 { 172.30.100.5 }',
      'ip -batch -',
      '< route replace unreachable 172.30.100.5/32 table 17230',
      '< route replace unreachable 172.30.100.5/32 table 17231',
      'conntrack -D --src 172.30.100.5',
    ]);
  });

  it('shakes hands with a client that is let in again, where it was when its session was ended', async () => {
    const host = new Transcript([['wg show wg0 dump', sessionDump(publicKey(42), '198.51.100.9:4242')], ...EMPTY]);
    const plane = planeOn(host.run);
    await plane.apply(here, { all: true });
    await plane.handshakes();
    await plane.apply(meshState(PEERS, [{ ...client, enabled: false }]), change);
    host.lines.length = 0;
    await plane.apply(here, change);
    expect(host.lines.filter((line) => line.startsWith('wg '))).toEqual([
      `wg set wg0 peer ${publicKey(42)} allowed-ips 172.30.100.5/32`,
      `wg set wg0 peer ${publicKey(42)} endpoint 198.51.100.9:4242 persistent-keepalive 1` +
        ` peer ${publicKey(42)} persistent-keepalive off`,
    ]);
  });

  it('does nothing for what was touched and has not changed', async () => {
    const host = new Transcript(EMPTY);
    const plane = planeOn(host.run);
    await plane.apply(here, { all: true });
    host.lines.length = 0;
    await plane.apply(here, change);
    expect(host.lines).toEqual([]);
  });

  it('that finds devices of a former daemon takes off what nobody wants and leaves the rest', async () => {
    const host = new Transcript([
      ['wg show wg0 dump', dump(`${publicKey(42)}\t172.30.100.5/32`, `${publicKey(50)}\t172.30.100.6/32`)],
      [
        'ip route show table 17230',
        '172.30.100.5 dev wg0 scope link src 172.30.0.2 \n172.30.100.6 dev wg0 scope link \n',
      ],
      ...EMPTY,
    ]);
    await planeOn(host.run).apply(here, { all: true });
    const written = host.lines.filter((line) => line.startsWith('wg set') || line.startsWith('< route'));
    expect(written).toEqual([
      `wg set wg0 peer ${publicKey(50)} remove`,
      '< route replace 172.30.0.3/32 table 17230 dev tm0 src 172.30.0.2',
      '< route replace 172.30.0.3/32 table 17231 encap ip id 1 dst 172.30.0.3 dev tmx',
      '< route replace 172.30.100.5/32 table 17231 dev wg0',
      '< route delete 172.30.100.6/32 table 17230',
      `wg set tm0 peer ${publicKey(24)} endpoint 203.0.113.3:51821 persistent-keepalive 25 allowed-ips 172.30.0.3/32`,
    ]);
  });

  it('that failed in the middle of a change reads the devices and settles everything', async () => {
    const host = new Transcript(EMPTY);
    const plane = planeOn(host.run);
    await plane.apply(here, { all: true });
    host.lines.length = 0;
    const disabled = meshState(PEERS, [{ ...client, enabled: false }]);
    host.answer('nft -f -', { exitCode: 1, output: 'Error: Could not process rule' });
    await expect(plane.apply(disabled, change)).rejects.toThrow('Could not process rule');
    expect(host.lines).toContain('wg show wg0 dump');
    expect(warnings.join('')).toContain('everything is compared with the devices');
    host.lines.length = 0;
    host.answer('nft -f -', '');
    await plane.apply(disabled, change);
    expect(host.lines).toContain('< delete table inet tunnelmesh');
    expect(host.lines).toContain('< route replace unreachable 172.30.100.5/32 table 17231');
  });
});

function dump(...peers: string[]): string {
  const lines = peers.map((peer) => {
    const [key = '', allowed = ''] = peer.split('\t');
    return [key, '(none)', '(none)', allowed, '0', '0', '0', 'off'].join('\t');
  });
  return ['SECRET\t(none)\t51820\toff', ...lines, ''].join('\n');
}

function sessionDump(key: string, endpoint: string): string {
  const now = String(Math.floor(systemClock.wall() / 1000));
  return `SECRET\t(none)\t51820\toff\n${[key, '(none)', endpoint, '172.30.100.5/32', now, '1', '1', 'off'].join('\t')}\n`;
}
