import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { run } from '../host/run.ts';

const COMMAND = fileURLToPath(new URL('../bin/tunnelmesh.mjs', import.meta.url));

/** Generous: the source is compiled on the way, on whatever machine this is. */
const TIMEOUT_MS = 60_000;

describe('the program', () => {
  it(
    'starts, and says its version',
    async () => {
      const { stdout } = await run([process.execPath, COMMAND, '--version'], { timeoutMs: TIMEOUT_MS });
      expect(stdout).toMatch(/^[0-9]+\.[0-9]+\.[0-9]+$/);
    },
    TIMEOUT_MS,
  );

  it(
    'ends with the documented exit code and no stack trace',
    async () => {
      const { exitCode, stderr } = await run([process.execPath, COMMAND, 'clinet'], {
        timeoutMs: TIMEOUT_MS,
        okExitCodes: [2],
      });
      expect([exitCode, stderr]).toEqual([2, "tunnelmesh: unknown command 'clinet' (Did you mean client?)"]);
    },
    TIMEOUT_MS,
  );

  it(
    'takes a reader who has seen enough for no error',
    async () => {
      const script = '"$0" "$1" --help | true; echo "${PIPESTATUS[0]}"';
      const { stdout, stderr } = await run(['bash', '-c', script, process.execPath, COMMAND], {
        timeoutMs: TIMEOUT_MS,
      });
      expect([stdout, stderr]).toEqual(['0', '']);
    },
    TIMEOUT_MS,
  );
});
