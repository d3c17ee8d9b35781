/** A machine with a Debian of its own: systemd-nspawn(1) boots it like a droplet, with its user data and its volume. */
import { access, mkdir, open, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isSystemError } from '../../host/files.ts';
import { type Process, run, type RunOptions, type RunResult } from '../../host/run.ts';
import type { Argv } from '../../lab/namespaces.ts';
import { MACHINE_PATHS } from '../../templates/install.ts';
import { descendant, eventually, type Internet } from './internet.ts';
import { leftIn, ownPrefix } from './leftovers.ts';

/** What a machine is made from. */
export interface MachineSettings {
  readonly name: string;
  readonly address: string;
  /** The image's root directory. */
  readonly image: string;
  /** A folder for the machine's own disk and volume. */
  readonly directory: string;
  /** `null`: no cloud, as on a person's own computer. */
  readonly userData: string | null;
}

/** `nsenter` forks `sh`, which becomes systemd-nspawn, which forks the machine's first process. */
const GENERATIONS = 2;

/** How long a command may take until systemd is there to be asked, in milliseconds. */
const SYSTEMD_TIMEOUT_MS = 60_000;

/** The control-group hierarchies that systemd keeps its services in: the one of version 2, or the two of a hybrid host. */
async function hierarchies(): Promise<{ readonly unified: boolean; readonly roots: readonly string[] }> {
  try {
    await access('/sys/fs/cgroup/cgroup.controllers');
    return { unified: true, roots: ['/sys/fs/cgroup'] };
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    return { unified: false, roots: ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'] };
  }
}

/** Removes the control groups of machines whose test was killed. */
export async function removeLeftGroups(): Promise<void> {
  const { roots } = await hierarchies();
  for (const root of roots) for (const name of await leftIn(root)) await removeGroup(join(root, name));
}

/** See the file's comment. */
export class Machine {
  readonly name: string;
  /** What the machine's data lie on; it outlives the machine. */
  readonly volume: string;
  readonly #internet: Internet;
  readonly #settings: MachineSettings;
  readonly #groups: readonly string[];
  readonly #nspawn: Process;
  readonly #init: number;

  private constructor(
    internet: Internet,
    settings: MachineSettings,
    groups: readonly string[],
    nspawn: Process,
    init: number,
  ) {
    this.name = settings.name;
    this.volume = join(settings.directory, 'volume');
    this.#internet = internet;
    this.#settings = settings;
    this.#groups = groups;
    this.#nspawn = nspawn;
    this.#init = init;
  }

  /** Makes the disk and switches the machine on. A volume that is there already is attached as it is. */
  static async boot(internet: Internet, settings: MachineSettings): Promise<Machine> {
    const { name, address, directory } = settings;
    await prepareDisk(internet, settings);
    await internet.plug(name, address);
    const { unified, roots } = await hierarchies();
    // A group of its own: two systemds in one would take each other's services for theirs.
    const groups = roots.map((root) => join(root, `${ownPrefix()}${name}`));
    for (const group of groups) await mkdir(group);
    const log = await open(join(directory, 'console.log'), 'a');
    const nspawn = internet.start(nspawnCommand(settings, unified, groups), log.fd, {
      SYSTEMD_NSPAWN_API_VFS_WRITABLE: 'network',
      ...(unified ? {} : { SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '0' }),
    });
    await log.close();
    return new Machine(internet, settings, groups, nspawn, await descendant(nspawn, GENERATIONS, 'systemd'));
  }

  /** Runs a command on the machine. */
  run(command: Argv, options?: RunOptions): Promise<RunResult> {
    return run(['nsenter', '-t', String(this.#init), '-m', '-n', '-u', '-p', '-r', '-w', '--', ...command], options);
  }

  /** Waits until the command succeeds there, once systemd answers. */
  until(command: Argv, withinMs = SYSTEMD_TIMEOUT_MS): Promise<void> {
    return eventually(() => this.run(command), withinMs);
  }

  /** Destroys the machine as a cloud does, without a word to it; the volume stays. */
  async destroy(): Promise<void> {
    const { name, directory } = this.#settings;
    await run(['kill', '-KILL', String(this.#init)], { okExitCodes: [1] });
    await this.#nspawn.ended;
    await this.#internet.unplug(name);
    await this.#internet.run(['umount', join(directory, 'root')]);
    for (const folder of ['root', 'disk', 'work']) await rm(join(directory, folder), { recursive: true, force: true });
    for (const group of this.#groups) await removeGroup(group);
  }
}

/** Lays an empty disk over the image and writes the user data where cloud-init looks for them. */
async function prepareDisk(internet: Internet, settings: MachineSettings): Promise<void> {
  const { name, image, directory, userData } = settings;
  const folder = (leaf: string): string => join(directory, leaf);
  for (const leaf of ['root', 'disk', 'work', 'volume']) await mkdir(folder(leaf), { recursive: true });
  if (userData === null) {
    await mkdir(folder('disk/etc/cloud'), { recursive: true });
    await writeFile(folder('disk/etc/cloud/cloud-init.disabled'), '');
  } else {
    const seed = folder('disk/var/lib/cloud/seed/nocloud');
    await mkdir(seed, { recursive: true });
    await writeFile(join(seed, 'user-data'), userData, { mode: 0o600 });
    await writeFile(join(seed, 'meta-data'), `instance-id: ${name}\nlocal-hostname: ${name}\n`);
  }
  const layers = `lowerdir=${image},upperdir=${folder('disk')},workdir=${folder('work')}`;
  await internet.run(['mount', '-t', 'overlay', 'overlay', '-o', layers, folder('root')]);
}

function nspawnCommand({ name, directory }: MachineSettings, unified: boolean, groups: readonly string[]): Argv {
  // Zero is whoever writes it (cgroups(7)).
  const entering = groups.map((group) => `echo 0 > '${group}/cgroup.procs'`).join(' && ');
  return [
    'sh',
    '-c',
    `${entering} && exec "$@"`,
    'sh',
    'systemd-nspawn',
    '--quiet',
    '--register=no',
    '--keep-unit',
    '--console=pipe',
    `--machine=${name}`,
    `--network-namespace-path=/run/netns/${name}`,
    '--capability=CAP_NET_ADMIN',
    '--bind=/dev/net/tun',
    `--bind=${join(directory, 'volume')}:${MACHINE_PATHS.data}`,
    `--directory=${join(directory, 'root')}`,
    '--boot',
    ...(unified ? [] : ['SYSTEMD_CGROUP_ENABLE_LEGACY_FORCE=1', 'systemd.unified_cgroup_hierarchy=0']),
  ];
}

/** Removes an empty control group with those inside it; its files are the kernel's and go with it. */
async function removeGroup(group: string): Promise<void> {
  const entries = await readdir(group, { withFileTypes: true, recursive: true });
  const inner = entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name));
  for (const path of [...inner.sort().reverse(), group]) await run(['rmdir', path]);
}
