/**
 * The CDKTF app: the mesh file in, one stack for the coordinator and one for each region out. `cdktf synth` and
 * `cdktf deploy '*'` run it. The mesh file is the one that TUNNELMESH_MESH_FILE names, else `mesh.yaml` or `mesh.tfvars` in
 * the current directory. Beside it lies the lock file, which is brought up to date.
 */
import { App } from 'cdktf';
import { readFileIfThere, writeFileAtomic } from './host/files.ts';
import { readMeshFile } from './mesh/mesh-file.ts';
import { meshLockPath, parseMeshLock, renderMeshLock } from './mesh/mesh-lock.ts';
import { ProblemsError } from './mesh/problem.ts';
import { meshStacks } from './stacks/mesh-stacks.ts';

/** Exit code for input that cannot be used, as the `tunnelmesh` command has it. */
const EXIT_PROBLEMS = 2;

/** Permission bits of the lock file, which is committed and holds no secret. */
const LOCK_MODE = 0o644;

try {
  const named = process.env['TUNNELMESH_MESH_FILE'];
  const candidates = named === undefined || named === '' ? ['mesh.yaml', 'mesh.tfvars'] : [named];
  const texts = await Promise.all(candidates.map(async (path) => ({ path, text: await readFileIfThere(path) })));
  const [file, other] = texts.filter(({ text }) => text !== undefined);
  if (file?.text === undefined || other) {
    const given = other ? candidates : undefined;
    throw new ProblemsError('mesh file', [{ path: '', given, allowed: `one file, ${candidates.join(' or ')}` }]);
  }
  const mesh = await readMeshFile(file.text, file.path);
  const app = new App();
  const lockPath = meshLockPath(file.path);
  const lockText = await readFileIfThere(lockPath);
  const lock = renderMeshLock(meshStacks(app, mesh, parseMeshLock(lockText, lockPath), file.path));
  // Before the stacks: nothing may be deployable that the lock file does not know.
  if (lock !== lockText) await writeFileAtomic(lockPath, lock, LOCK_MODE);
  app.synth();
} catch (error) {
  const unreadable = error instanceof Error && 'syscall' in error;
  if (!(error instanceof ProblemsError) && !unreadable) throw error;
  console.error(unreadable ? `mesh file: ${error.message}` : error.message);
  process.exitCode = EXIT_PROBLEMS;
}
