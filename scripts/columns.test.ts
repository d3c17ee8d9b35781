import { describe, expect, it } from '@jest/globals';
import { printable, renderColumns } from './columns.ts';

describe('columns', () => {
  it('are as wide as they must be, and no line ends in blanks', () => {
    expect(
      renderColumns(
        ['NAME', 'X'],
        [
          ['a', 'long'],
          ['longer', ''],
        ],
      ),
    ).toBe('NAME    X\na       long\nlonger\n');
  });

  it('obey no control characters that somebody put into a description', () => {
    expect(renderColumns(['A'], [['\u001b[2Jgone\r\n']])).toBe('A\n\uFFFD[2Jgone\uFFFD\uFFFD\n');
    expect(printable('\u202Etxt.exe')).toBe('\uFFFDtxt.exe');
  });
});
