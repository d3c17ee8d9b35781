/** What `tunnelmesh lab supervise` does: be the lab's first process until told to end. Not for people to call. */
import { failureText } from '../host/failure.ts';
import { createLog } from '../host/log.ts';
import type { LabEffects } from './host-space.ts';
import type { StateDirectory } from './state-directory.ts';
import { Supervisor } from './supervisor.ts';

/** How long a supervisor waits to be on record, in milliseconds, and how often it looks. */
const RECORD_TIMEOUT_MS = 5_000;
const RECORD_POLL_MS = 2;

/** Builds the state directory's plan and stays. Returns only when the process may not live on. */
export async function supervise(
  effects: LabEffects,
  state: StateDirectory,
  path: string,
  write: (line: string) => void,
): Promise<never> {
  const log = createLog(write);
  const deadline = effects.clock.monotonic() + RECORD_TIMEOUT_MS;
  while ((await state.record()) === undefined) {
    if (effects.clock.monotonic() > deadline) throw new Error('nobody put this supervisor on record; its starter died');
    await effects.clock.sleep(RECORD_POLL_MS);
  }
  const plan = await state.plan();
  await new Promise<void>((resolve) => {
    const supervisor = new Supervisor({ effects, log, state, plan, path, end: resolve });
    // The first process of a PID namespace has no default reaction to signals (pid_namespaces(7)).
    process.once('SIGTERM', () => {
      resolve();
    });
    supervisor.build().catch((error: unknown) => {
      supervisor.fail(failureText(error));
    });
  });
  process.exit(0);
}
