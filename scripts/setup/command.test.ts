import { describe, expect, it } from '@jest/globals';
import { SetupError, probe, runForeground } from './command.mjs';

describe('a program in the foreground', () => {
  it('gives its exit code', async () => {
    expect(await runForeground([process.execPath, '-e', 'process.exit(7)'])).toEqual({
      code: 7,
      interrupted: false,
      timedOut: false,
    });
  });

  it('that a signal ends gives 128 and the number of the signal', async () => {
    const { code } = await runForeground([process.execPath, '-e', 'process.kill(process.pid, "SIGTERM")']);
    expect(code).toBe(143);
  });

  it('is asked to end when its time is over', async () => {
    const ended = await runForeground([process.execPath, '-e', 'setInterval(() => {}, 1000)'], { timeoutMs: 1 });
    expect(ended).toEqual({ code: 143, interrupted: false, timedOut: true });
  });

  it('in its own session learns of our death by a channel that closes', async () => {
    const asks = 'process.exit(process.connected ? 0 : 1)';
    expect((await runForeground([process.execPath, '-e', asks], { inOwnSession: true })).code).toBe(0);
    expect((await runForeground([process.execPath, '-e', asks])).code).toBe(1);
  });

  it('that is missing is named', async () => {
    await expect(runForeground(['/nonexistent/program'])).rejects.toThrow(SetupError);
    await expect(runForeground(['/nonexistent/program'])).rejects.toThrow(/^`\/nonexistent\/program` could not be/);
  });
});

describe('a probe', () => {
  it('gives the exit code and both outputs', () => {
    expect(probe(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toEqual({ code: 3, output: 'out\nerr\n' });
  });

  it('gives no exit code when there is no such program', () => {
    expect(probe(['/nonexistent/program'])).toEqual({ code: null, output: '' });
  });
});
