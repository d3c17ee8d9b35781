/** The npm packages, installed by `npm ci` when they are not what package-lock.json says. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupError, runForeground } from './command.mjs';

/** How long `npm ci` may take, in milliseconds: some 100 MB over a slow line. */
const INSTALL_TIMEOUT_MS = 20 * 60_000;

/**
 * What a lockfile says of one package, as far as it matters here.
 * @typedef {{ version?: string, integrity?: string, optional?: boolean }} LockedPackage
 */

/**
 * Why the installed packages are not those of the lockfile, or `undefined` when they are. npm records what it installed
 * in node_modules/.package-lock.json, as the last thing it does; packages for other platforms (all optional) are absent.
 * @param {Record<string, LockedPackage>} wanted - `packages` of package-lock.json
 * @param {Record<string, LockedPackage> | undefined} installed - `packages` of node_modules/.package-lock.json
 * @returns {string | undefined}
 */
export function whyInstall(wanted, installed) {
  if (installed === undefined) return 'the npm packages are not installed yet';
  for (const [path, { version, integrity, optional }] of Object.entries(wanted)) {
    if (path === '') continue;
    const there = installed[path];
    if (there === undefined) {
      if (optional !== true) return `${path} is missing`;
    } else if (there.version !== version) {
      return `${path} is ${String(there.version)}, not ${String(version)}`;
    } else if (there.integrity !== integrity) {
      return `${path} is another ${String(version)} than that of package-lock.json`;
    }
  }
  const extra = Object.keys(installed).find((path) => wanted[path] === undefined);
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`;
}

/**
 * The `packages` of a lockfile, or `undefined` when there is none that can be read.
 * @param {string} path
 * @returns {Record<string, LockedPackage> | undefined}
 */
function readLockedPackages(path) {
  if (!existsSync(path)) return undefined;
  try {
    return JSON.parse(readFileSync(path, 'utf8')).packages;
  } catch {
    return undefined;
  }
}

/**
 * The npm that runs us, or the one on the PATH.
 * @returns {[string, ...string[]]}
 */
function npm() {
  const running = process.env['npm_execpath'];
  return running?.endsWith('npm-cli.js') ? [process.execPath, running] : ['npm'];
}

/**
 * Installs the npm packages unless they are there already. Install scripts do not run: nothing here needs one, and some
 * versions of npm refuse them anyway.
 * @param {string} root - the checkout
 */
export async function ensureDependencies(root) {
  const wanted = readLockedPackages(join(root, 'package-lock.json'));
  if (wanted === undefined) throw new SetupError('package-lock.json is missing or damaged: restore it with git.');
  const why = whyInstall(wanted, readLockedPackages(join(root, 'node_modules', '.package-lock.json')));
  if (why === undefined) return;
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm would empty the folder that it leads to, which is another checkout's.
    console.warn(`node_modules is a link and is left alone, although ${why}.`);
    return;
  }
  const flags = ['--ignore-scripts', '--include=dev', '--include=optional', '--no-audit', '--no-fund'];
  console.log(`[#] npm ci ${flags.join(' ')}   # ${why}`);
  const { code } = await runForeground([...npm(), '--prefix', root, 'ci', ...flags], { timeoutMs: INSTALL_TIMEOUT_MS });
  if (code !== 0) throw new SetupError(`npm ci failed with exit code ${code}; what it printed above says why.`);
}
