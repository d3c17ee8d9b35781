import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ProblemsError, quoteGiven, renderProblem } from './problem.ts';

describe('problems', () => {
  it('a problem says where, what was given and what is allowed, on one line', () => {
    expect(renderProblem({ path: 'nodes.wg.wg_port', given: 70000, allowed: 'a port, 1-65535' })).toBe(
      'nodes.wg.wg_port: 70000; allowed: a port, 1-65535',
    );
    expect(renderProblem({ path: '', given: undefined, allowed: 'a map' })).toBe('missing; allowed: a map');
  });

  it('what was given is quoted on one short line, whatever it is', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true }), (given) => {
        const quoted = quoteGiven(given);
        expect(quoted.length).toBeLessThanOrEqual(121);
        expect(quoted).not.toContain('\n');
      }),
    );
  });

  it('an error holds every problem, one a line', () => {
    const problem = { path: 'a', given: 1, allowed: 'b' };
    expect(new ProblemsError('mesh.yaml', [problem]).message).toBe('mesh.yaml: 1 problem\n  a: 1; allowed: b');
    expect(new ProblemsError('mesh.yaml', [problem, problem]).message.split('\n')).toHaveLength(3);
  });
});
