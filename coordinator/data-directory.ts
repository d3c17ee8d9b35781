/** The coordinator's data directory: one coordinator at a time, and nobody else's eyes. */
import { createHash } from 'node:crypto';
import { chmod, mkdir, realpath } from 'node:fs/promises';
import { isSystemError, SECRET_DIRECTORY_MODE } from '../host/files.ts';
import { type Lock, takeLock } from '../host/lock.ts';
import { MeshError } from '../mesh/problem.ts';
import { failureText } from '../host/failure.ts';

/** A directory that is ours as long as the lock is held. */
export interface DataDirectory {
  readonly path: string;
  readonly lock: Lock;
}

/**
 * Makes the directory if it is missing and takes its lock. The lock's name is made from the directory's real path, so
 * that no detour by a link leads into a directory that is in use.
 * @throws MeshError with one sentence that says what to do
 */
export async function openDataDirectory(directory: string): Promise<DataDirectory> {
  const path = await make(directory);
  const name = createHash('sha256').update(path).digest('hex');
  const lock = await takeLock(`coordinator/${name}`);
  if (!lock) {
    throw new MeshError(
      'conflict',
      `another coordinator is at work on ${path}; stop it, or choose another data directory`,
    );
  }
  return { path, lock };
}

async function make(directory: string): Promise<string> {
  try {
    await mkdir(directory, { recursive: true, mode: SECRET_DIRECTORY_MODE });
    await chmod(directory, SECRET_DIRECTORY_MODE);
    return await realpath(directory);
  } catch (error) {
    if (isSystemError(error, 'EACCES') || isSystemError(error, 'EPERM')) {
      throw new MeshError(
        'unavailable',
        `no permission for the data directory ${directory}; run as root or choose another`,
      );
    }
    throw new MeshError('unavailable', `cannot use the data directory ${directory}: ${failureText(error)}`);
  }
}
