/** A node's user data: its own files, how the program gets there, and the units that run it. */
import type { CloudInit, MachineFile } from './cloud-init.ts';
import { type Artifact, INSTALL_SCRIPT, MACHINE_PATHS, renderArtifact } from './install.ts';
import { LOAD_SYSCTLS, type NodeFiles } from './node-files.ts';
import { MOUNT_UNIT, renderDaemonUnit, renderInstallUnit, renderMountUnit } from './units.ts';

/** What makes one node's machine different from another's. */
export interface NodeMachine {
  readonly files: NodeFiles;
  /** Path of the data volume's block device. */
  readonly volumeDevice: string;
  readonly artifact: Artifact;
}

/** All files of the machine. */
function machineFiles({ files, volumeDevice, artifact }: NodeMachine): MachineFile[] {
  const { command, configuration, sysctls } = files;
  const unit = (name: string, content: string): MachineFile => ({
    path: `/etc/systemd/system/${name}`,
    mode: '0644',
    content,
  });
  return [
    configuration,
    { path: MACHINE_PATHS.artifact, mode: '0644', content: renderArtifact(artifact) },
    { path: MACHINE_PATHS.installScript, mode: '0755', content: INSTALL_SCRIPT },
    sysctls,
    unit('tunnelmesh-install.service', renderInstallUnit()),
    unit(MOUNT_UNIT, renderMountUnit({ device: volumeDevice })),
    unit('tunnelmesh.service', renderDaemonUnit({ command, configuration: configuration.path })),
  ];
}

/** What cloud-init does on the node: write its files, apply the kernel's settings, and leave the rest to the install unit. */
export function nodeCloudInit(node: NodeMachine): CloudInit {
  return {
    files: machineFiles(node),
    commands: [
      LOAD_SYSCTLS,
      ['systemctl', 'daemon-reload'],
      ['systemctl', 'enable', '--now', '--no-block', 'tunnelmesh-install.service'],
    ],
  };
}
