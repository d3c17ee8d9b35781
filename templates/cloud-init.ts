/**
 * The user data of a machine: a cloud-config document (https://cloudinit.readthedocs.io/en/latest/explanation/format.html)
 * that writes files and starts one unit. Everything that may fail and be tried again is that unit's work, not cloud-init's:
 * cloud-init runs its commands once.
 */
import { stringify } from 'yaml';

/** A file that a machine gets. */
export interface MachineFile {
  /** Absolute. */
  readonly path: string;
  /** Four octal digits, such as `0600`. */
  readonly mode: string;
  readonly content: string;
}

/** What cloud-init does at the machine's first boot: it writes the files, then runs the commands, in this order. */
export interface CloudInit {
  readonly files: readonly MachineFile[];
  /** Argument arrays; no shell reads them. */
  readonly commands: readonly (readonly string[])[];
}

/**
 * The most that user data may measure, in bytes. DigitalOcean takes 64 KiB; 16 KiB is what every other provider takes too
 * and four times what a node needs.
 */
export const USER_DATA_MAX_BYTES = 16 * 1024;

/**
 * The document as text, in YAML 1.1, which is what cloud-init reads (there `yes` and `1:30` are no strings). Lines are never folded and nothing is base64-encoded, because values that Terraform computes
 * later stand in the text as references, and either would take them apart.
 */
export function renderCloudInit(document: CloudInit): string {
  const config = {
    ssh_pwauth: false,
    write_files: document.files.map(({ path, mode, content }) => ({
      path,
      owner: 'root:root',
      // A string: an unquoted 0600 would be the number 384, or worse, 600 (cc_write_files).
      permissions: mode,
      content,
    })),
    runcmd: document.commands,
  };
  return `#cloud-config\n${stringify(config, { version: '1.1', lineWidth: 0, aliasDuplicateObjects: false })}`;
}
