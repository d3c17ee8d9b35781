/** Starting and ending a lab from outside of it. */
import { createHash } from 'node:crypto';
import { readFileIfThere } from '../host/files.ts';
import { takeLock } from '../host/lock.ts';
import type { Process } from '../host/run.ts';
import { askSupervisor, LabSilence, type LabStatus } from './control.ts';
import type { LabEffects } from './host-space.ts';
import { boundToUs, inNewNamespaces, type Privilege } from './namespaces.ts';
import type { LabPlan } from './plan.ts';
import { childrenOf, identityOf, isAlive, type ProcessIdentity } from './process-table.ts';
import type { LabRecord, StateDirectory } from './state-directory.ts';

/** How often a lab is asked how far it is, in milliseconds. */
const POLL_MS = 25;

/** How long a lab may take to come up before its starter gives up, in milliseconds; the supervisor has its own bounds. */
const UP_TIMEOUT_MS = 180_000;

/** How long a lab may take to end when asked, in milliseconds, before it is ended by SIGKILL; and then. */
const STOP_TIMEOUT_MS = 3_000;
const KILL_TIMEOUT_MS = 10_000;

/** Something about the lab that a person has to settle. The message is one sentence. */
export class LabError extends Error {
  override readonly name = 'LabError';
}

/** How to start a lab. */
export interface LabStart {
  readonly state: StateDirectory;
  readonly plan: LabPlan;
  readonly privilege: Privilege;
  /** PATH of the machine's tools. */
  readonly path: string;
  /** Whether the lab goes on after us; otherwise it ends when this process does, however that ends. */
  readonly detach: boolean;
  /** Told what happens, line by line. */
  readonly progress: (line: string) => void;
  /** When aborted before the lab is up, there will be none. */
  readonly stop?: AbortSignal;
}

/** Lets one process at a time start or end the lab in this directory. */
export async function exclusively<T>(state: StateDirectory, work: () => Promise<T>): Promise<T> {
  const lock = await takeLock(`lab/${createHash('sha256').update(state.path).digest('hex').slice(0, 32)}`);
  if (!lock) throw new LabError(`the lab in ${state.path} is being started or ended by another process`);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** The record of a lab that is alive. */
export async function livingLab(state: StateDirectory): Promise<LabRecord | undefined> {
  const record = await state.record();
  return record && (await isAlive(record.launcher)) ? record : undefined;
}

/**
 * Starts the plan's lab and returns when it is up. The state directory must hold no living lab.
 * @returns how the lab ends, when it does
 * @throws LabError when it does not come up; its logs are kept
 */
export async function startLab(effects: LabEffects, wanted: LabStart): Promise<{ readonly ended: Promise<string> }> {
  const { state, plan, privilege, detach } = wanted;
  const strangers = await state.strangers();
  if (strangers.length > 0) {
    throw new LabError(
      `${state.path} holds ${strangers.slice(0, 3).join(', ')}; allowed for a lab: a directory of its own, or none yet`,
    );
  }
  await state.remove();
  await state.create(plan);
  const command = inNewNamespaces(privilege, [...plan.program, 'lab', 'supervise', '--state', state.path]);
  const launcher = effects.start(detach ? command : boundToUs(command), {
    output: state.openLog(state.supervisorLog),
    detached: detach,
    env: { PATH: wanted.path },
  });
  const identity = launcher.pid === undefined ? undefined : await identityOf(launcher.pid);
  if (!identity) throw new LabError(`the lab could not be started: \`${command[0]}\` ${await launcher.ended}`);
  const hosts = Object.fromEntries(plan.hosts.map(({ name, address }) => [name, address]));
  await state.writeRecord({ launcher: identity, privilege, hosts });
  await untilUp(effects, wanted, launcher, identity);
  return { ended: launcher.ended };
}

async function untilUp(
  effects: LabEffects,
  { state, progress, stop }: LabStart,
  launcher: Process,
  identity: ProcessIdentity,
): Promise<void> {
  let ended: string | undefined;
  void launcher.ended.then((how) => (ended = how));
  const deadline = effects.clock.monotonic() + UP_TIMEOUT_MS;
  let told = 0;
  for (;;) {
    const status = await statusIfAny(state);
    for (const line of status?.progress.slice(told) ?? []) progress(line);
    told = status?.progress.length ?? told;
    if (status?.phase === 'up') return;
    if (stop?.aborted) {
      await endProcess(effects, state, identity);
      await state.remove();
      throw new LabError('stopped before the lab was up; nothing of it is left');
    }
    const late = effects.clock.monotonic() > deadline;
    if (ended !== undefined || late || status?.phase === 'failed') {
      const why = status?.failure ?? (await lastLine(state.supervisorLog)) ?? ended ?? 'it took too long';
      await endProcess(effects, state, identity);
      throw new LabError(`the lab did not come up: ${why} (logs are kept in ${state.path} until the next lab)`);
    }
    await effects.clock.sleep(POLL_MS);
  }
}

async function lastLine(path: string): Promise<string | undefined> {
  return (await readFileIfThere(path))?.trim().split('\n').at(-1);
}

async function statusIfAny(state: StateDirectory): Promise<LabStatus | undefined> {
  try {
    return (await askSupervisor(state.controlSocket, { ask: 'status' })).status;
  } catch (error) {
    if (error instanceof LabSilence) return undefined;
    throw error;
  }
}

/** Ends the lab if it is alive and removes all that is left of it. */
export async function stopLab(effects: LabEffects, state: StateDirectory): Promise<void> {
  const record = await livingLab(state);
  if (record) await endProcess(effects, state, record.launcher);
  await state.remove();
}

/**
 * Ends a supervisor, asked first and killed if need be. `unshare` ends after it has reaped the supervisor, which the
 * kernel lets it do only when nothing is left in the PID namespace (pid_namespaces(7)).
 */
async function endProcess(effects: LabEffects, state: StateDirectory, launcher: ProcessIdentity): Promise<void> {
  try {
    await askSupervisor(state.controlSocket, { ask: 'stop' });
    if (await untilGone(effects, launcher, STOP_TIMEOUT_MS)) return;
  } catch {
    // Whatever its reason not to stop, it is killed now.
  }
  const [supervisor] = await childrenOf(launcher.pid);
  if (!(await isAlive(launcher))) return;
  process.kill(supervisor ?? launcher.pid, 'SIGKILL');
  if (await untilGone(effects, launcher, KILL_TIMEOUT_MS)) return;
  throw new LabError(`process ${String(launcher.pid)} of the lab in ${state.path} does not end, even by SIGKILL`);
}

async function untilGone({ clock }: LabEffects, process: ProcessIdentity, timeoutMs: number): Promise<boolean> {
  const deadline = clock.monotonic() + timeoutMs;
  while (await isAlive(process)) {
    if (clock.monotonic() > deadline) return false;
    await clock.sleep(POLL_MS);
  }
  return true;
}
