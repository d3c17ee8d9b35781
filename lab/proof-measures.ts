/** What a proof measures on a device, each with the bound beyond which it counts as not proved. */
import { parsePingSummary } from './ping-log.ts';
import type { NameProof } from './proof.ts';
import { PING_INTERVAL_MS, type PingSeries, type ProofLab } from './proof-lab.ts';

/** Longest wait for a first answer, in seconds. */
const ANSWER_LIMIT_S = 10;

/** Longest wait for a tunnel to die after it was disabled, in milliseconds. */
const DEATH_LIMIT_MS = 5_000;

/** Silence after which a tunnel is dead and not merely slow, in milliseconds. */
const SILENCE_MS = 1_000;
const POLL_MS = 50;

/** Pings from which a round trip's mean is taken. */
const ROUND_TRIPS = 10;

/** Something was not as it must be. The message is one sentence. */
export class NotProved extends Error {
  override readonly name = 'NotProved';
}

/** Milliseconds until the target answers. */
export async function firstAnswer(lab: ProofLab, device: string, target: string): Promise<number> {
  const { clock } = lab;
  const before = clock.monotonic();
  // With -w, -c counts answers, not pings.
  const interval = String(PING_INTERVAL_MS / 1000);
  const limit = String(ANSWER_LIMIT_S);
  const { exitCode } = await lab.run(
    device,
    ['ping', '-n', '-q', '-i', interval, '-c', '1', '-w', limit, target],
    [1, 2],
  );
  if (exitCode !== 0) throw new NotProved(`${target} did not answer ${device} within ${limit} s`);
  return clock.monotonic() - before;
}

/** Mean round trip in milliseconds. */
export async function roundTrip(lab: ProofLab, device: string, target: string): Promise<number> {
  const command = ['ping', '-n', '-q', '-i', '0.05', '-c', String(ROUND_TRIPS), '-W', '2', target] as const;
  const summary = parsePingSummary((await lab.run(device, command, [1, 2])).stdout);
  if (summary?.averageMs === null || summary?.received !== ROUND_TRIPS) {
    const received = String(summary?.received ?? 0);
    throw new NotProved(`${target} answered ${received} of ${String(ROUND_TRIPS)} pings of ${device}`);
  }
  return summary.averageMs;
}

/** Asks as every program on the device would: by the resolver that wg-quick's `DNS =` line put in place. */
export async function lookUp(lab: ProofLab, device: string, name: string, expected: string): Promise<NameProof> {
  const before = lab.clock.monotonic();
  const { stdout } = await lab.run(device, ['getent', 'ahostsv4', name], [2]);
  const answer = stdout.split(/\s/, 1)[0] ?? '';
  if (answer !== expected) throw new NotProved(`${name} is ${answer || 'unknown'} to ${device}; it is ${expected}`);
  return { name, answer, took_ms: lab.clock.monotonic() - before };
}

/** Waits until a series has had its first answer. */
export async function untilAnswered(lab: ProofLab, series: PingSeries): Promise<void> {
  const deadline = lab.clock.monotonic() + ANSWER_LIMIT_S * 1000;
  while ((await series.read()).answers.length === 0) {
    if (lab.clock.monotonic() > deadline)
      throw new NotProved(`no ping was answered within ${String(ANSWER_LIMIT_S)} s`);
    await lab.clock.sleep(POLL_MS);
  }
}

/** When the last answer came, once there has been none for {@link SILENCE_MS}. */
export async function untilSilent(lab: ProofLab, series: PingSeries): Promise<number> {
  const deadline = lab.clock.monotonic() + DEATH_LIMIT_MS;
  for (;;) {
    const last = (await series.read()).answers.at(-1)?.at ?? 0;
    if (lab.clock.wall() - last > SILENCE_MS) return last;
    if (lab.clock.monotonic() > deadline) {
      throw new NotProved(`a disabled client's pings are answered ${String(DEATH_LIMIT_MS / 1000)} s later`);
    }
    await lab.clock.sleep(POLL_MS);
  }
}
