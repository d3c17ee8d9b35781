/** Waiting for the end of something that goes on, or for being told to stop. */

/** The longest a timer can be set to, in milliseconds (Node.js, "Timers"). */
const FOREVER_MS = 2 ** 31 - 1;

/**
 * How the first of the things ended, or `undefined` when we were told to stop before. This process stays alive meanwhile:
 * neither a detached child nor a signal handler would keep it so.
 */
export async function endOrStop<T>(stop: AbortSignal, going: readonly Promise<T>[]): Promise<T | undefined> {
  const alive = setInterval(() => undefined, FOREVER_MS);
  try {
    return await Promise.race([...going, untilAborted(stop)]);
  } finally {
    clearInterval(alive);
  }
}

function untilAborted(stop: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    const done = (): void => {
      resolve(undefined);
    };
    if (stop.aborted) done();
    stop.addEventListener('abort', done, { once: true });
  });
}
