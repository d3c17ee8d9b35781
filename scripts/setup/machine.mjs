/** What this machine has: a Node that is new enough, commands, namespaces, WireGuard in its kernel. */
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { SetupError, probe, searchPath } from './command.mjs';

/** The oldest Node that runs this (package.json's `engines`): the first 20 with ESM in CommonJS. */
const OLDEST_NODE = /** @type {const} */ ([20, 19]);

/**
 * Refuses a Node that is too old.
 * @param {string} version - such as `20.19.0`
 */
export function requireNode(version = process.versions.node) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1])) return;
  throw new SetupError(`This is Node ${version}; TunnelMesh needs Node ${OLDEST_NODE.join('.')} or later.`);
}

/**
 * Says whether a command is installed.
 * @param {string} name
 * @param {readonly string[]} directories
 */
export function hasCommand(name, directories = searchPath()) {
  return directories.some((directory) => {
    const path = join(directory, name);
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/** Says whether this process is root. */
export function isRoot() {
  return process.getuid?.() === 0;
}

/**
 * A command that runs another in a private network namespace: as root directly, else inside a user namespace.
 * @param {readonly string[]} inner
 * @returns {[string, ...string[]]}
 */
function inNamespaces(inner) {
  const user = isRoot() ? [] : ['--user', '--map-root-user'];
  return ['unshare', ...user, '--net', '--mount', '--uts', '--pid', '--fork', '--', ...inner];
}

/**
 * Why this machine cannot make the namespaces that the lab needs, or `undefined` when it can or when that cannot be
 * known because the command to try it with is missing.
 * @returns {string | undefined}
 */
export function whyNoNamespaces() {
  if (process.platform !== 'linux') return `the lab needs Linux, and this is ${process.platform}`;
  if (!hasCommand('unshare')) return undefined;
  const { code, output } = probe(inNamespaces(['true']));
  if (code === 0) return undefined;
  return `the kernel refuses to make namespaces for this user (${output.trim().split('\n')[0] ?? 'unshare failed'})`;
}

/**
 * Says whether the kernel makes WireGuard devices. Trying is the only sure answer, since a module loads on demand and a
 * container sees neither its host's module files nor its configuration; where it cannot be tried, the files decide.
 * @returns {boolean}
 */
export function kernelHasWireGuard() {
  const tried = hasCommand('ip') && hasCommand('unshare') && whyNoNamespaces() === undefined;
  if (tried) return probe(inNamespaces(['ip', 'link', 'add', 'dev', 'wg-probe', 'type', 'wireguard'])).code === 0;
  if (existsSync('/sys/module/wireguard')) return true;
  return ['modules.builtin', 'modules.dep'].some((list) => {
    const path = join('/lib/modules', release(), list);
    return existsSync(path) && /\/wireguard\.ko/.test(readFileSync(path, 'utf8'));
  });
}
