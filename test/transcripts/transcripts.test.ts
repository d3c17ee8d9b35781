import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { Rig } from './rig.ts';
import { parseTranscript, patternOf } from './transcript.ts';

const DIRECTORY = import.meta.dirname;
/** Far more than they take: a bound, and no expectation. */
const TIMEOUT_MS = 120_000;

const TRANSCRIPTS = readdirSync(DIRECTORY).filter((file) => file.endsWith('.txt'));

describe.each(TRANSCRIPTS)('the command says what %s says', (file) => {
  it(
    'word for word',
    async () => {
      const rig = await Rig.make();
      try {
        for (const step of parseTranscript(readFileSync(join(DIRECTORY, file), 'utf8'))) {
          for (const [name, value] of step.environment) rig.env[name] = value;
          for (const [name, text] of step.files) await rig.write(name, text);
          for (const deed of step.deeds) await rig.do(deed);
          const outcome = await rig.run(step.words);
          const at = `${file}:${String(step.line)}`;
          expect({
            at,
            exitCode: outcome.exitCode,
            stderr: outcome.stderr.trimEnd(),
            stdout: outcome.stdout.trimEnd(),
          }).toEqual({
            at,
            exitCode: step.exitCode,
            stderr: expect.stringMatching(patternOf(step.stderr)),
            stdout: expect.stringMatching(patternOf(step.stdout)),
          });
        }
      } finally {
        await rig.remove();
      }
    },
    TIMEOUT_MS,
  );
});
