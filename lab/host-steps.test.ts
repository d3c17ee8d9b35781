import { describe, expect, it } from '@jest/globals';
import { renderArgv } from '../host/run.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { Label } from '../mesh/name.ts';
import { cableStep, identitySteps, inOneGo, mountSteps } from './host-steps.ts';
import type { LabHost } from './plan.ts';

const host: LabHost = {
  name: 'wg-us' as Label,
  kind: 'node',
  address: '203.0.113.11' as Ipv4,
  files: [{ path: '/etc/sysctl.d/60-tunnelmesh.conf', content: '', mode: 0o644 }],
  daemon: null,
  ready_when: [],
};

describe('a host', () => {
  it('covers what it must not share with the machine, and keeps the rest in sight', () => {
    expect(mountSteps().map(renderArgv)).toEqual([
      'mount -t proc proc /proc',
      "sh -c 'mount -t sysfs sysfs /sys || true'",
      'mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /run',
      'mkdir -p /run/lab/bin /run/lab/home /run/lab/tmp /run/lab/old /run/lab/old/etc /run/lab/old/var-lib',
      'mount --rbind /etc /run/lab/old/etc',
      'mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /etc',
      'mount --rbind /var/lib /run/lab/old/var-lib',
      'mount -t tmpfs -o mode=0755,nosuid,nodev tmpfs /var/lib',
    ]);
  });

  it('has one cable to the bridge, one address, and what cloud-init would set', () => {
    expect(cableStep(3, 4242)).toEqual({
      argv: ['ip', '-batch', '-'],
      input: 'link add port3 type veth peer name eth0 netns 4242\nlink set port3 master internet up\n',
    });
    expect(identitySteps(host, '/home/me/.lab/nodes/wg-us/var').map(renderArgv)).toEqual([
      'mount --bind /home/me/.lab/nodes/wg-us/var /var/lib/tunnelmesh',
      'hostname wg-us',
      'ip link set lo up',
      'ip address add 203.0.113.11/24 dev eth0',
      'ip link set eth0 up',
      'ip route add default via 203.0.113.1',
      'sysctl --quiet --load /etc/sysctl.d/60-tunnelmesh.conf',
    ]);
  });

  it('whose files do not say so forwards nothing', () => {
    expect(identitySteps({ ...host, files: [] }, '/x').flat()).not.toContain('sysctl');
  });

  it('is built by commands whose arguments no shell changes', () => {
    expect(inOneGo([['mount', '--bind', "/home/o'brien/my lab", '/x']])).toEqual([
      'sh',
      '-e',
      '-c',
      String.raw`mount --bind '/home/o'\''brien/my lab' /x`,
    ]);
  });
});
