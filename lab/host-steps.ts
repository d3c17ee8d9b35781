/**
 * How an empty set of namespaces becomes a host: the commands, in order, as one could type them. Pure, so that a test
 * shows what a host looks like.
 */
import { renderArgv } from '../host/run.ts';
import { MACHINE_PATHS } from '../templates/install.ts';
import { LOAD_SYSCTLS, SYSCTLS_PATH } from '../templates/node-files.ts';
import type { Argv } from './namespaces.ts';
import { INTERNET, type LabHost } from './plan.ts';

/** One command, with what it reads on standard input. */
export interface Step {
  readonly argv: Argv;
  readonly input?: string;
}

/** Directories on every host's private `/run`, which also holds what the lab itself brings along. */
export const LAB_DIRECTORIES = {
  /** First on the host's PATH. */
  bin: '/run/lab/bin',
  home: '/run/lab/home',
  temporary: '/run/lab/tmp',
  old: '/run/lab/old',
} as const;

/** Where a daemon keeps its data; on a host of the lab, a folder of the lab's state directory. */
export const DATA_DIRECTORY = MACHINE_PATHS.data;

/**
 * Directories that a host gets for itself with the machine's own entries shining through: a tmpfs of links into the old
 * directory, so that files and mount points can be added without touching the machine.
 */
export const LINKED_DIRECTORIES: readonly { readonly path: string; readonly old: string }[] = [
  { path: '/etc', old: `${LAB_DIRECTORIES.old}/etc` },
  { path: '/var/lib', old: `${LAB_DIRECTORIES.old}/var-lib` },
];

const TMPFS = ['mount', '-t', 'tmpfs', '-o', 'mode=0755,nosuid,nodev', 'tmpfs'] as const;

/**
 * Mounts, run inside the host. Recursive binds, because a user namespace may not uncover what lies under a mount. The lab
 * can do without a `/sys` of its own, which such a namespace is not always given.
 */
export function mountSteps(): Argv[] {
  return [
    ['mount', '-t', 'proc', 'proc', '/proc'],
    ['sh', '-c', 'mount -t sysfs sysfs /sys || true'],
    [...TMPFS, '/run'],
    ['mkdir', '-p', ...Object.values(LAB_DIRECTORIES), ...LINKED_DIRECTORIES.map(({ old }) => old)],
    ...LINKED_DIRECTORIES.flatMap(({ path, old }): Argv[] => [
      ['mount', '--rbind', path, old],
      [...TMPFS, path],
    ]),
  ];
}

/** The host's end of its cable and its name, run inside the host once its mounts and links are there. */
export function identitySteps(host: LabHost, dataDirectory: string): Argv[] {
  return [
    ['mount', '--bind', dataDirectory, DATA_DIRECTORY],
    ['hostname', host.name],
    ['ip', 'link', 'set', 'lo', 'up'],
    ['ip', 'address', 'add', `${host.address}/${String(INTERNET.prefixLength)}`, 'dev', 'eth0'],
    ['ip', 'link', 'set', 'eth0', 'up'],
    ['ip', 'route', 'add', 'default', 'via', INTERNET.gateway],
    ...(host.files.some(({ path }) => path === SYSCTLS_PATH) ? [LOAD_SYSCTLS] : []),
  ];
}

/** Several commands as one: starting a process from here costs more than all that most of them do. */
export function inOneGo(steps: readonly Argv[]): Argv {
  return ['sh', '-e', '-c', steps.map(renderArgv).join('\n')];
}

/** Plugs a cable from the bridge into the host, run beside the supervisor. `port` is its number on the bridge. */
export function cableStep(port: number, holder: number): Step {
  return {
    argv: ['ip', '-batch', '-'],
    input: [
      `link add port${String(port)} type veth peer name eth0 netns ${String(holder)}`,
      `link set port${String(port)} master internet up`,
      '',
    ].join('\n'),
  };
}
