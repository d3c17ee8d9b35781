/**
 * `npm start`: everything the lab needs, the build, then `tunnelmesh lab start` with the arguments given here. A Ctrl-C
 * reaches the lab once, and we stay until it has cleaned up.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from './build.mjs';
import { fail, runForeground } from './command.mjs';
import { ensureDependencies } from './dependencies.mjs';
import { requireNode } from './machine.mjs';
import { ensurePackages } from './packages.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

try {
  requireNode();
  await ensureDependencies(ROOT);
  await ensurePackages('lab');
  await build(ROOT);
  const program = join(ROOT, 'dist', 'tunnelmesh.mjs');
  const lab = await runForeground([process.execPath, program, 'lab', 'start', ...process.argv.slice(2)], {
    inOwnSession: true,
  });
  process.exitCode = lab.code;
} catch (error) {
  fail(error);
}
