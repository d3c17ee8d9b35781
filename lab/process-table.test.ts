import { describe, expect, it } from '@jest/globals';
import { childrenOf, isAlive, identityOf, parseProcessStat } from './process-table.ts';

const REST = 'S 4242 1 1 0 -1 4194560 9 8 7 6 5 4 3 2 20 0 1 0 160170 0 0';

describe('the process table', () => {
  it('reads number, state, parent and start time', () => {
    expect(parseProcessStat(`9933 (node) ${REST}`)).toEqual({
      pid: 9933,
      state: 'S',
      parent: 4242,
      startTime: 160170,
    });
  });

  it('is not misled by a command named like further fields', () => {
    expect(parseProcessStat(`9933 (a) R 1 (b) ${REST}`)?.parent).toBe(4242);
  });

  it('reads nothing from what is no such line', () => {
    expect(['', 'garbage', '12 (sh', '12 (sh) S x'].map(parseProcessStat)).toEqual(Array(4).fill(undefined));
  });

  it('a number that another process has taken is not the process that had it', async () => {
    const self = await identityOf(process.pid);
    expect(self && (await isAlive(self))).toBe(true);
    expect(self && (await isAlive({ ...self, startTime: self.startTime - 1 }))).toBe(false);
  });

  it('this test is a child of its parent', async () => {
    expect(await childrenOf(process.ppid)).toContain(process.pid);
  });
});
