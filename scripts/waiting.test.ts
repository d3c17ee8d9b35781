import { describe, expect, it } from '@jest/globals';
import { endOrStop } from './waiting.ts';

const never = new Promise<string>(() => undefined);

describe('waiting', () => {
  it('ends with what ends first, and with its failure', async () => {
    const { signal } = new AbortController();
    expect(await endOrStop(signal, [never, Promise.resolve('done')])).toBe('done');
    await expect(endOrStop(signal, [never, Promise.reject(new Error('broken'))])).rejects.toThrow('broken');
  });

  it('ends when it is told to stop, before or during', async () => {
    const stop = new AbortController();
    const waiting = endOrStop(stop.signal, [never]);
    stop.abort();
    expect(await waiting).toBeUndefined();
    expect(await endOrStop(stop.signal, [])).toBeUndefined();
  });
});
