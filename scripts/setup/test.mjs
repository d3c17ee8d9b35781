/**
 * `npm test`: everything the tests need, then every check there is. One tier of it by name, with arguments for jest:
 * `test.mjs quick` (no namespaces needed), `test.mjs unit mesh/`, `test.mjs e2e -t disable`, `test.mjs boot` (root, and a Debian to download). The last line printed is
 * `N passed, N failed`; the exit code is 0 only when nothing failed.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { SetupError, runForeground } from './command.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { isRoot, requireNode, whyNoNamespaces } from './machine.mjs';
import { ensurePackages } from './packages.mjs';
import { Steps } from './steps.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What each tier consists of. */
const TIERS = {
  all: { checks: true, unit: true, e2e: true, boot: false },
  quick: { checks: true, unit: true, e2e: false, boot: false },
  unit: { checks: false, unit: true, e2e: false, boot: false },
  e2e: { checks: false, unit: false, e2e: true, boot: false },
  boot: { checks: false, unit: false, e2e: false, boot: true },
};

/** Longest times, in milliseconds. */
const CHECK_TIMEOUT_MS = 10 * 60_000;
const UNIT_TIMEOUT_MS = 15 * 60_000;
const E2E_TIMEOUT_MS = 45 * 60_000;
const BOOT_TIMEOUT_MS = 45 * 60_000;

const NOTHING = { passed: 0, failed: 0 };

/**
 * A program of a dependency.
 * @param {string} path - under node_modules
 * @param {...string} args
 * @returns {[string, ...string[]]}
 */
function tool(path, ...args) {
  return [process.execPath, join(ROOT, 'node_modules', path), ...args];
}

/**
 * @param {Steps} steps
 * @param {readonly string[]} jestArgs
 */
async function takeE2e(steps, jestArgs) {
  const why = whyNoNamespaces();
  const built = await steps.take('build', async () => {
    await build(ROOT);
    return NOTHING;
  });
  await steps.take('e2e', async () => {
    if (why !== undefined)
      throw new SetupError(`The end-to-end tests cannot run, and that is a failure, not a skip: ${why}.`);
    if (!built) throw new SetupError('The end-to-end tests cannot run without the build.');
    return steps.jest(ROOT, 'e2e', ['--runInBand', ...jestArgs], E2E_TIMEOUT_MS);
  });
  if (steps.interrupted && built) await endLabs();
}

/** Ends the labs of interrupted tests and removes their folders: jest that is interrupted runs no `afterAll`. */
async function endLabs() {
  const out = join(ROOT, 'out');
  for (const name of existsSync(out) ? readdirSync(out).filter((entry) => entry.startsWith('e2e-')) : []) {
    const down = ['lab', 'down', '--state', join(out, name, 'lab')];
    await runForeground([process.execPath, join(ROOT, 'dist', 'tunnelmesh.mjs'), ...down], { timeoutMs: 60_000 });
    rmSync(join(out, name), { recursive: true, force: true });
  }
}

/**
 * @param {Steps} steps
 * @param {readonly string[]} jestArgs
 */
async function takeBoot(steps, jestArgs) {
  const why = isRoot() ? whyNoNamespaces() : 'booting a Debian takes root';
  await steps.take('build', async () => {
    if (why !== undefined) throw new SetupError(`The boot test was not run: ${why}.`);
    await build(ROOT);
    return NOTHING;
  });
  if (steps.count.failed > 0) return;
  await steps.take('boot', () => steps.jest(ROOT, 'boot', ['--runInBand', ...jestArgs], BOOT_TIMEOUT_MS));
}

/** @param {Steps} steps */
async function takeChecks(steps) {
  await steps.take('format', () => steps.check(tool('prettier/bin/prettier.cjs', '--check', '.'), CHECK_TIMEOUT_MS));
  await steps.take('lint', () => steps.check(tool('eslint/bin/eslint.js', '.'), CHECK_TIMEOUT_MS));
  await steps.take('typecheck', () => steps.check(tool('typescript/bin/tsc', '--noEmit'), CHECK_TIMEOUT_MS));
}

/**
 * @param {keyof typeof TIERS} name
 * @param {readonly string[]} jestArgs
 */
async function test(name, jestArgs) {
  const tier = TIERS[name];
  const steps = new Steps();
  process.chdir(ROOT);
  const ready = await steps.take('set-up', async () => {
    requireNode();
    await ensureDependencies(ROOT);
    if (tier.e2e) await ensurePackages('tests');
    if (tier.boot && isRoot()) await ensurePackages('boot');
    return NOTHING;
  });
  if (ready) {
    if (tier.checks) await takeChecks(steps);
    if (tier.unit) await steps.take('unit', () => steps.jest(ROOT, 'unit', jestArgs, UNIT_TIMEOUT_MS));
    if (tier.e2e) await takeE2e(steps, jestArgs);
    if (tier.boot) await takeBoot(steps, jestArgs);
  }
  steps.conclude();
  process.exitCode = steps.interrupted ? 130 : steps.count.failed === 0 ? 0 : 1;
}

const [name = 'all', ...jestArgs] = process.argv.slice(2);
if (Object.hasOwn(TIERS, name)) {
  await test(/** @type {keyof typeof TIERS} */ (name), jestArgs);
} else {
  console.error(`There is no tier ${JSON.stringify(name)}; there are ${Object.keys(TIERS).join(', ')}.`);
  process.exitCode = 2;
}
