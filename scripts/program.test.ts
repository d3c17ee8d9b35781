import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { systemClock } from '../host/clock.ts';
import { ContextStore } from './context-store.ts';
import { main } from './program.ts';
import type { Surroundings } from './surroundings.ts';

let home = '';
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'tunnelmesh-program-'));
});
afterEach(() => rm(home, { recursive: true }));

interface Said {
  readonly surroundings: Surroundings;
  readonly stop: AbortController;
  text: string;
}

function listen(env: Record<string, string> = {}): Said {
  const stop = new AbortController();
  const write = (text: string): void => {
    said.text += text;
  };
  const output = { write, isTerminal: false, columns: 80 };
  const said: Said = {
    text: '',
    stop,
    surroundings: {
      env: { TUNNELMESH_HOME: home, ...env },
      directory: home,
      home,
      stdout: output,
      stderr: output,
      readInput: () => Promise.reject(new Error('nobody should read this')),
      clock: systemClock,
      random: () => {
        throw new Error('nobody should need this');
      },
      stop: stop.signal,
    },
  };
  return said;
}

describe('a command that is told to stop', () => {
  beforeEach(async () => {
    // TEST-NET-1 (RFC 5737): nobody answers there.
    await new ContextStore(home).put('away', { server: 'https://192.0.2.1', ca: 'x', token: 'x', peer: null });
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('by %s ends with %i and says nothing of the request that was cut off', async (signal, exitCode) => {
    const said = listen();
    said.stop.abort(signal);
    expect(await main(['client', 'list'], said.surroundings)).toBe(exitCode);
    expect(said.text).toBe('');
  });
});

describe('an error', () => {
  it('comes without a stack trace, unless TUNNELMESH_DEBUG asks for one', async () => {
    const [plain, debug] = [listen(), listen({ TUNNELMESH_DEBUG: '1' })];
    expect(await main(['client', 'list'], plain.surroundings)).toBe(2);
    expect(plain.text).not.toContain('    at ');
    expect(await main(['client', 'list'], debug.surroundings)).toBe(2);
    expect(debug.text).toContain('    at ');
  });

  it('is JSON where the command was asked for JSON, and not where --json belongs to another command', async () => {
    const [json, text] = [listen(), listen()];
    await main(['client', 'list', '--json'], json.surroundings);
    expect(JSON.parse(json.text)).toMatchObject({ type: 'about:blank', exit_code: 2 });
    await main(['client', 'show', '--', '--json'], text.surroundings);
    expect(text.text).toMatch(/^tunnelmesh: /);
  });
});
