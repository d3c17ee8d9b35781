import { describe, expect, it } from '@jest/globals';
import { allFiles } from './tree.ts';

const decisions = allFiles().filter(({ path }) => path.startsWith('docs/adr/'));

describe('the decisions', () => {
  it('are numbered from 1 without gaps', () => {
    const numbers = decisions.map(({ path }) => Number(/^docs\/adr\/(\d{4})-[a-z0-9.-]+\.md$/.exec(path)?.[1]));
    expect(numbers.sort((a, b) => a - b)).toEqual(decisions.map((_, index) => index + 1));
  });

  it.each(decisions.map(({ path, text }) => [path, text] as const))(
    '%s says its context, the decision and the consequences, in that order',
    (path, text) => {
      const headings = text.split('\n').filter((line) => /^##? /.test(line));
      const number = Number(/\d{4}/.exec(path)?.[0]);
      expect(headings[0]).toMatch(new RegExp(`^# ${String(number)}\\. \\S`));
      expect(headings.slice(1)).toEqual(['## Context', '## Decision', '## Consequences']);
    },
  );
});
