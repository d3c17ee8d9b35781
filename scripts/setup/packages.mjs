/**
 * The Debian packages whose commands the lab and the tests use. None of them, nor anything they depend on, starts a
 * service when installed: dnsmasq-base is the bare program where `dnsmasq` would be a running daemon.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { SetupError, probe, runForeground } from './command.mjs';
import { hasCommand, isRoot, kernelHasWireGuard, whyNoNamespaces } from './machine.mjs';

/**
 * A Debian package and the commands it is wanted for.
 * @typedef {{ readonly name: string, readonly commands: readonly string[] }} Package
 */

/** @type {readonly Package[]} */
const LAB = [
  { name: 'wireguard-tools', commands: ['wg', 'wg-quick'] },
  { name: 'iproute2', commands: ['ip', 'bridge', 'ss', 'tc'] },
  { name: 'nftables', commands: ['nft'] },
  { name: 'conntrack', commands: ['conntrack'] },
  { name: 'dnsmasq-base', commands: ['dnsmasq'] },
  { name: 'util-linux', commands: ['unshare', 'nsenter', 'setpriv', 'mount'] },
  { name: 'iputils-ping', commands: ['ping'] },
  { name: 'procps', commands: ['sysctl'] },
];

/** @type {readonly Package[]} */
const TESTS = [
  { name: 'bind9-dnsutils', commands: ['dig'] },
  { name: 'zbar-tools', commands: ['zbarimg'] },
  { name: 'tcpdump', commands: ['tcpdump'] },
  { name: 'curl', commands: ['curl'] },
  { name: 'openssl', commands: ['openssl'] },
];

/** What makes and boots a Debian. @type {readonly Package[]} */
const BOOT = [
  { name: 'debootstrap', commands: ['debootstrap'] },
  { name: 'systemd-container', commands: ['systemd-nspawn'] },
];

/**
 * What packages are wanted for.
 * @typedef {'lab' | 'tests' | 'boot'} Purpose
 */

/** @type {Readonly<Record<Purpose, readonly Package[]>>} */
const WANTED = { lab: LAB, tests: [...LAB, ...TESTS], boot: [...LAB, ...BOOT] };

/** Only where the kernel has no WireGuard of its own. @type {Package} */
const USERSPACE_WIREGUARD = { name: 'wireguard-go', commands: ['wireguard-go'] };

/** How long apt-get may wait for somebody else's dpkg lock (a fresh cloud machine is busy updating), in seconds. */
const LOCK_TIMEOUT_S = 180;

/** How often to try again meanwhile, in seconds. */
const LOCK_RETRY_S = 5;

/** How long one apt-get may take, in milliseconds. */
const APT_TIMEOUT_MS = 15 * 60_000;

/** Keeps questions, and Ubuntu's restarting of other services after an installation, away. */
const APT_ENVIRONMENT = { DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_SUSPEND: '1', LC_ALL: 'C' };

/**
 * The packages of which a command is missing.
 * @param {Purpose} purpose
 * @param {(command: string) => boolean} has
 * @param {() => boolean} kernelWireGuard - asked only when `wireguard-go` is missing
 * @returns {readonly Package[]}
 */
export function missingPackages(purpose, has = hasCommand, kernelWireGuard = kernelHasWireGuard) {
  /** @param {Package} wanted */
  const isMissing = (wanted) => !wanted.commands.every((command) => has(command));
  const missing = WANTED[purpose].filter(isMissing);
  return isMissing(USERSPACE_WIREGUARD) && !kernelWireGuard() ? [...missing, USERSPACE_WIREGUARD] : missing;
}

/**
 * What to tell somebody whose machine lacks packages that we cannot or may not install.
 * @param {readonly Package[]} missing
 * @param {{ apt: boolean, root: boolean, refused: boolean }} machine
 * @returns {string}
 */
export function renderMissing(missing, { apt, root, refused }) {
  const names = missing.map((one) => one.name).join(' ');
  if (!apt) {
    const commands = missing.flatMap((one) => one.commands).join(', ');
    return `Missing commands: ${commands}. This is no Debian or Ubuntu, so install them by its own means (Debian's names: ${names}).`;
  }
  const why = refused ? 'TUNNELMESH_NO_INSTALL is set' : 'only root can install them';
  const sudo = root ? '' : 'sudo ';
  return `Missing packages: ${names} (${why}). Install them with: ${sudo}apt-get install --no-install-recommends ${names}`;
}

/**
 * Prints the line first, as one could type it.
 * @param {readonly string[]} args
 * @returns {[string, ...string[]]}
 */
function aptGet(args) {
  /** @type {[string, ...string[]]} */
  const argv = ['apt-get', '-q', '-o', `DPkg::Lock::Timeout=${LOCK_TIMEOUT_S}`, '-o', 'Acquire::Retries=3', ...args];
  console.log(`[#] ${argv.join(' ')}`);
  return argv;
}

/**
 * Fetches the package lists. A failure is shown and no reason to stop: one broken source must not hinder packages that
 * another source has. The lock of the lists, unlike dpkg's, is one that apt-get itself never waits for.
 */
async function update() {
  const argv = aptGet(['update']);
  for (let waitedS = 0; ; waitedS += LOCK_RETRY_S) {
    const { code, output } = probe(argv, { env: APT_ENVIRONMENT, timeoutMs: APT_TIMEOUT_MS });
    if (code === 0) return;
    if (!output.includes('Could not get lock') || waitedS >= LOCK_TIMEOUT_S) {
      console.log(output.trimEnd());
      return;
    }
    if (waitedS === 0) console.log('Another package manager is at work; waiting for it.');
    await sleep(LOCK_RETRY_S * 1000);
  }
}

/** @param {readonly Package[]} missing */
async function install(missing) {
  const names = missing.map((one) => one.name);
  await update();
  const { code, interrupted } = await runForeground(aptGet(['install', '--yes', '--no-install-recommends', ...names]), {
    env: APT_ENVIRONMENT,
    timeoutMs: APT_TIMEOUT_MS,
  });
  if (interrupted) throw new SetupError('Interrupted while apt-get was installing packages.');
  if (code === 0) return;
  throw new SetupError(
    `apt-get could not install ${names.join(' ')} (exit code ${code}; its own words are above). ` +
      `If another package manager is at work, wait for it; else repair apt (network, /etc/apt/sources.list, ` +
      '`dpkg --configure -a`) and run this again.',
  );
}

/**
 * Sees to it that the commands for the purpose are installed. A machine that cannot make namespaces is left alone: no
 * package would help it.
 * @param {Purpose} purpose
 */
export async function ensurePackages(purpose) {
  if (whyNoNamespaces() !== undefined) return;
  // Twice, because whether wireguard-go is needed is only sure once `ip` is there to try the kernel with.
  for (let round = 0; round < 2; round += 1) {
    const missing = missingPackages(purpose);
    if (missing.length === 0) return;
    const refused = !['', '0', undefined].includes(process.env['TUNNELMESH_NO_INSTALL']);
    const machine = { apt: hasCommand('apt-get'), root: isRoot(), refused };
    if (!machine.apt || !machine.root || machine.refused) throw new SetupError(renderMissing(missing, machine));
    await install(missing);
  }
  const missing = missingPackages(purpose);
  if (missing.length > 0) {
    const lacking = missing.map((one) => `${one.name} (for ${one.commands.join(', ')})`).join(', ');
    throw new SetupError(`apt-get installed everything, and yet this is missing: ${lacking}.`);
  }
}
