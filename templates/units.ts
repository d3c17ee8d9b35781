/** The systemd units of a node: install, data volume, daemon (systemd.unit(5), systemd.service(5), systemd.mount(5)). */
import Handlebars from 'handlebars';
import { ENTRY, MACHINE_PATHS } from './install.ts';

/** What may stand unquoted in a unit: no white space, no quotes, no `%` specifiers, no `$` (systemd.syntax(7)). */
const UNIT_WORD_PATTERN = /^[A-Za-z0-9_@:,./=+-]+$/;

const units = Handlebars.create();

units.registerHelper('word', (value: unknown) => {
  if (typeof value !== 'string' || !UNIT_WORD_PATTERN.test(value)) {
    throw new RangeError(`${JSON.stringify(value)} cannot stand in a unit; allowed: letters, digits and _@:,./=+-`);
  }
  return value;
});

/** `noEscape`: HTML is not what is written here; every value goes through `word` instead. */
function template<T>(text: string): Handlebars.TemplateDelegate<T> {
  return units.compile<T>(text, { noEscape: true, strict: true });
}

/** Runs the install script at every boot until it succeeds, for ever. */
export const renderInstallUnit = template<Record<string, never>>(`[Unit]
Description=Install and start TunnelMesh
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=${MACHINE_PATHS.artifact}
ExecStart=${MACHINE_PATHS.installScript}
Restart=on-failure
RestartSec=15s

[Install]
WantedBy=multi-user.target
`).bind(null, {});

/** The name that systemd asks a mount unit of {@link MACHINE_PATHS} `data` to have (systemd-escape(1) `--path`). */
export const MOUNT_UNIT = 'var-lib-tunnelmesh.mount';

/**
 * Mounts the data volume.
 * @param values - `device`: its path, such as `/dev/disk/by-id/scsi-0DO_Volume_office-wg-us`
 * @throws RangeError when the path has a character that means something in a unit
 */
export const renderMountUnit = template<{ readonly device: string }>(`[Unit]
Description=TunnelMesh data volume

[Mount]
What={{word device}}
Where=${MACHINE_PATHS.data}
Type=ext4
Options=noatime,nodev,nosuid,noexec
`);

/**
 * What the daemon is held to (systemd.exec(5)): root, but with the few capabilities that devices (CAP_NET_ADMIN), port 443
 * (CAP_NET_BIND_SERVICE) and a resolver under another user (CAP_SETUID, CAP_SETGID; CAP_KILL to end it) take. Debian 13's
 * systemd-analyze(1) `security` rates it 2.7 of 10. Node compiles while it runs, so MemoryDenyWriteExecute is out of reach.
 */
const CONFINEMENT = `CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_BIND_SERVICE CAP_SETUID CAP_SETGID CAP_KILL
NoNewPrivileges=yes
LockPersonality=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
UMask=0077
ProtectSystem=strict
# The devices' settings are written once there are devices; the rest of /proc/sys stays read-only.
ReadWritePaths=${MACHINE_PATHS.data} /run /proc/sys/net/ipv4/conf
ProtectHome=tmpfs
BindPaths=${MACHINE_PATHS.contexts}
PrivateTmp=yes
# Where the kernel has no WireGuard, wireguard-go takes its place, and that needs TUN.
DevicePolicy=closed
DeviceAllow=/dev/net/tun rw
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
`;

/**
 * The daemon. It is started by the install unit and never without its volume: on an empty directory it would make itself
 * a new identity. KillMode spares wireguard-go, where it stands in for the kernel, when the daemon crashes and is started again.
 * @param values - `command`: the subcommand; `configuration`: the path of its file
 * @throws RangeError when either has a character that means something in a unit
 */
export const renderDaemonUnit = template<{
  readonly command: 'serve' | 'join';
  readonly configuration: string;
}>(`[Unit]
Description=TunnelMesh ({{word command}})
Wants=network-online.target
After=network-online.target time-sync.target
RequiresMountsFor=${MACHINE_PATHS.data}
AssertPathIsMountPoint=${MACHINE_PATHS.data}
StartLimitIntervalSec=0

[Service]
ExecStart=/usr/bin/node ${MACHINE_PATHS.software}/current/${ENTRY} {{word command}} --config {{word configuration}}
Restart=always
RestartSec=2s
KillMode=process
TimeoutStopSec=20s
LimitNOFILE=65536
LogRateLimitIntervalSec=30s
LogRateLimitBurst=2000
${CONFINEMENT}`);
