/**
 * The namespaces that the lab lives in (namespaces(7)). One process, the supervisor, is the first of a PID namespace and
 * has network and mounts of its own; every host of the lab has all of that again, inside. The kernel ends everything in
 * a PID namespace with its first process, and network devices and mounts with their last user, so that nothing can
 * outlive the supervisor and nothing was ever visible outside.
 */
import { access, constants } from 'node:fs/promises';
import { CommandError, type Run } from '../host/run.ts';

/** A command and its arguments. */
export type Argv = readonly [string, ...string[]];

/** Who may make namespaces here: root as it is, anybody else inside a user namespace of their own. */
export type Privilege = 'root' | 'user-namespace';

/** Where Debian keeps `ip`, `nft` and the like; a plain user's PATH lacks it. */
const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** A PATH on which the system's own tools are found, whoever starts the lab. */
export function toolPath(path: string | undefined): string {
  return path ? `${path}:${SYSTEM_PATH}` : SYSTEM_PATH;
}

/** Runs the command as the first process of new namespaces; it ends, with all of its descendants, when `unshare` does. */
export function inNewNamespaces(privilege: Privilege, command: Argv): Argv {
  const user = privilege === 'root' ? [] : ['--user', '--map-root-user'];
  return ['unshare', ...user, '--net', '--mount', '--pid', '--fork', '--kill-child=KILL', '--', ...command];
}

/**
 * Runs the command such that the kernel ends it when the process that starts it ends (prctl(2), PR_SET_PDEATHSIG), in a
 * session of its own, where Ctrl-C on our terminal does not reach it.
 */
export function boundToUs(command: Argv): Argv {
  return ['setpriv', '--pdeathsig', 'KILL', '--', 'setsid', ...command];
}

/** Holds a host's namespaces open; `sh` collects what the host's own processes orphan, as an init does. */
export const HOLDER: Argv = [
  'unshare',
  '--net',
  '--mount',
  '--pid',
  '--uts',
  '--fork',
  '--kill-child=KILL',
  '--',
  'sh',
  '-c',
  'sleep infinity & wait',
];

/** Runs the command among a host's processes; `holder` is its first process as the caller's `/proc` numbers it. */
export function insideHost(holder: number, command: Argv): Argv {
  return ['nsenter', '-t', String(holder), '-m', '-n', '-u', '-p', '--', ...command];
}

/** Runs the command beside the supervisor, from outside. `privilege` is the one with which the lab was started. */
export function besideSupervisor(privilege: Privilege, supervisor: number, command: Argv): Argv {
  const user = privilege === 'root' ? [] : ['-U', '--preserve-credentials'];
  return ['nsenter', '-t', String(supervisor), ...user, '-m', '-n', '-p', '--', ...command];
}

/** What the machine allows. */
export type Capability =
  | { readonly possible: true; readonly privilege: Privilege; readonly wireguard: 'kernel' | 'wireguard-go' }
  | { readonly possible: false; readonly reason: string };

/** The programs that every lab runs, and the Debian package of each. */
const TOOLS: Readonly<Record<string, string>> = {
  unshare: 'util-linux',
  nsenter: 'util-linux',
  setpriv: 'util-linux',
  setsid: 'util-linux',
  mount: 'mount',
  ip: 'iproute2',
  wg: 'wireguard-tools',
  'wg-quick': 'wireguard-tools',
  nft: 'nftables',
  dnsmasq: 'dnsmasq-base',
  ping: 'iputils-ping',
};

/** What `unshare` says where a limit is reached (unshare(2), ENOSPC), and what nobody would guess from it. */
const LIMIT = { said: 'No space left on device', meant: 'none are allowed here, see sysctl user.max_user_namespaces' };

const TUN_DEVICE = '/dev/net/tun';

async function isOnPath(tool: string, path: string): Promise<boolean> {
  for (const directory of path.split(':')) {
    try {
      await access(`${directory}/${tool}`, constants.X_OK);
      return true;
    } catch {
      continue;
    }
  }
  return false;
}

/** Tries what the lab needs, leaving nothing behind. A refusal is one sentence for a person. */
export async function probe(run: Run, uid: number | undefined, path: string): Promise<Capability> {
  const refuse = (reason: string): Capability => ({ possible: false, reason });
  const tools = Object.keys(TOOLS);
  const found = await Promise.all(tools.map((tool) => isOnPath(tool, path)));
  const missing = tools.filter((_, index) => !found[index]);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((tool) => TOOLS[tool]))].join(' ');
    return refuse(`The lab needs ${missing.join(', ')}, not installed here (Debian packages: ${packages}).`);
  }
  const attempt = async (privilege: Privilege, linkType: string): Promise<string | undefined> => {
    const command: Argv = ['ip', 'link', 'add', 'probe', 'type', linkType];
    try {
      await run(inNewNamespaces(privilege, command), { env: { PATH: path } });
      return undefined;
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      return (error.output.split('\n')[0] ?? '') || error.message;
    }
  };
  // Root without CAP_SYS_ADMIN, as in a container, is in the position of any other user.
  let privilege: Privilege = uid === 0 ? 'root' : 'user-namespace';
  if (privilege === 'root' && (await attempt('root', 'bridge')) !== undefined) privilege = 'user-namespace';
  const refusal = privilege === 'root' ? undefined : await attempt(privilege, 'bridge');
  if (refusal !== undefined) {
    const why = refusal.includes(LIMIT.said) ? LIMIT.meant : refusal;
    return refuse(`This machine does not let the lab make network namespaces: ${why}.`);
  }
  if ((await attempt(privilege, 'wireguard')) === undefined) return { possible: true, privilege, wireguard: 'kernel' };
  if (!(await isOnPath('wireguard-go', path))) {
    return refuse('This kernel has no WireGuard, and wireguard-go is not installed (Debian package: wireguard-go).');
  }
  try {
    await access(TUN_DEVICE, constants.R_OK | constants.W_OK);
  } catch {
    return refuse(`This kernel has no WireGuard, and ${TUN_DEVICE}, which wireguard-go needs, cannot be opened here.`);
  }
  return { possible: true, privilege, wireguard: 'wireguard-go' };
}
