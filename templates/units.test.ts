import { describe, expect, it } from '@jest/globals';
import { INSTALL_SCRIPT } from './install.ts';
import { MOUNT_UNIT, renderDaemonUnit, renderInstallUnit, renderMountUnit } from './units.ts';

const DAEMON = { command: 'join', configuration: '/etc/tunnelmesh/peer.yaml' } as const;

describe('a unit', () => {
  it('has sections, settings and comments and nothing else', () => {
    for (const unit of [renderInstallUnit(), renderDaemonUnit(DAEMON), renderMountUnit({ device: '/dev/sda' })])
      for (const line of unit.trimEnd().split('\n'))
        expect(line).toMatch(/^$|^# |^\[[A-Z][a-z]+\]$|^[A-Z][A-Za-z]+=\S/);
  });

  it.each(['/dev/a b', '/dev/a\nOptions=suid', '/dev/%n', '/dev/$HOME', '', '"'])('refuses to hold %j', (device) => {
    expect(() => renderMountUnit({ device })).toThrow('cannot stand in a unit');
  });

  it('that mounts is named after the place where it mounts, as systemd demands', () => {
    const where = /^Where=(.*)$/m.exec(renderMountUnit({ device: '/dev/sda' }))?.[1];
    expect(MOUNT_UNIT).toBe(`${String(where).slice(1).replaceAll('/', '-')}.mount`);
  });
});

describe('the daemon', () => {
  it('runs its subcommand with its configuration', () => {
    expect(renderDaemonUnit(DAEMON)).toContain(
      'ExecStart=/usr/bin/node /opt/tunnelmesh/current/bin/tunnelmesh.mjs join --config /etc/tunnelmesh/peer.yaml\n',
    );
  });

  it('does not start where its volume is not mounted', () => {
    expect(renderDaemonUnit(DAEMON)).toContain('AssertPathIsMountPoint=/var/lib/tunnelmesh\n');
  });

  it('that crashes leaves the devices of wireguard-go to the next one', () => {
    expect(renderDaemonUnit(DAEMON)).toContain('KillMode=process\n');
  });

  it('sees of all homes only where root finds it, which the install script makes before it starts', () => {
    const bound = /^BindPaths=(.*)$/m.exec(renderDaemonUnit(DAEMON))?.[1];
    const made = INSTALL_SCRIPT.indexOf(`mkdir -p -m 0700 ${String(bound)}\n`);
    expect(made).toBeGreaterThan(-1);
    expect(made).toBeLessThan(INSTALL_SCRIPT.indexOf('systemctl start tunnelmesh.service'));
  });

  it('may not do what gives a machine away: no CAP_SYS_ADMIN, no modules, no ptrace, no raw devices', () => {
    const capabilities = /^CapabilityBoundingSet=(.*)$/m.exec(renderDaemonUnit(DAEMON))?.[1]?.split(' ');
    expect(capabilities?.sort()).toEqual([
      'CAP_KILL',
      'CAP_NET_ADMIN',
      'CAP_NET_BIND_SERVICE',
      'CAP_SETGID',
      'CAP_SETUID',
    ]);
  });

  it('is started again for ever', () => {
    for (const unit of [renderDaemonUnit(DAEMON), renderInstallUnit()])
      expect(unit).toContain('StartLimitIntervalSec=0\n');
    expect(renderDaemonUnit(DAEMON)).toContain('Restart=always\n');
    expect(renderInstallUnit()).toContain('Restart=on-failure\n');
  });
});
