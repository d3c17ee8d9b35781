/** A node's user data: its configuration, the units, and what the kernel must allow. */
import { stringify } from 'yaml';
import type { CloudInit, MachineFile } from './cloud-init.ts';
import { type Artifact, INSTALL_SCRIPT, MACHINE_PATHS, renderArtifact } from './install.ts';
import { MOUNT_UNIT, renderDaemonUnit, renderInstallUnit, renderMountUnit } from './units.ts';

/** What makes one node's machine different from another's. */
export interface NodeMachine {
  /** A coordinator runs `serve`, every other peer `join`. */
  readonly command: 'serve' | 'join';
  /** The document of `server.yaml` for `serve`, of `peer.yaml` for `join`. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Path of the data volume's block device. */
  readonly volumeDevice: string;
  readonly artifact: Artifact;
}

/**
 * Forwarding for what the policy lets through; reverse-path checks loose, because a client's packets come in by `wg0` or
 * by the overlay, whichever gateway it is at (the policy checks sources itself). The highest of `all` and the
 * interface's own value counts (Linux Documentation/networking/ip-sysctl.rst).
 */
const SYSCTLS = `net.ipv4.ip_forward = 1
net.ipv4.conf.all.rp_filter = 2
net.ipv4.conf.default.rp_filter = 2
`;

/** Path of the daemon's configuration. */
export function configurationPath(command: NodeMachine['command']): string {
  return `${MACHINE_PATHS.configuration}/${command === 'serve' ? 'server' : 'peer'}.yaml`;
}

/** Every string is quoted: a digest of nothing but digits would otherwise be read as a number. */
function renderConfiguration(document: NodeMachine['configuration']): string {
  return stringify(document, { lineWidth: 0, defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}

/** The node's files. */
function nodeFiles(node: NodeMachine): MachineFile[] {
  const configuration = configurationPath(node.command);
  const unit = (name: string, content: string): MachineFile => ({
    path: `/etc/systemd/system/${name}`,
    mode: '0644',
    content,
  });
  return [
    { path: configuration, mode: '0600', content: renderConfiguration(node.configuration) },
    { path: MACHINE_PATHS.artifact, mode: '0644', content: renderArtifact(node.artifact) },
    { path: MACHINE_PATHS.installScript, mode: '0755', content: INSTALL_SCRIPT },
    { path: '/etc/sysctl.d/60-tunnelmesh.conf', mode: '0644', content: SYSCTLS },
    unit('tunnelmesh-install.service', renderInstallUnit()),
    unit(MOUNT_UNIT, renderMountUnit({ device: node.volumeDevice })),
    unit('tunnelmesh.service', renderDaemonUnit({ command: node.command, configuration })),
  ];
}

/** What cloud-init does on the node: write its files, apply the kernel's settings, and leave the rest to the install unit. */
export function nodeCloudInit(node: NodeMachine): CloudInit {
  return {
    files: nodeFiles(node),
    commands: [
      ['sysctl', '--quiet', '--load', '/etc/sysctl.d/60-tunnelmesh.conf'],
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'tunnelmesh-install.service'],
    ],
  };
}
