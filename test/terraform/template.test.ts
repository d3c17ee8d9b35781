import { describe, expect, it } from '@jest/globals';
import { evaluateTemplate } from './template.ts';

function values(reference: string): string {
  if (reference !== 'var.t') throw new Error(`unexpected reference ${reference}`);
  return 'abc';
}

describe('the evaluator of templates', () => {
  it('agrees with what `terraform console` 1.11.4 made of this one', () => {
    expect(
      evaluateTemplate(
        'x $${HOME} $$${Q} $$$${R} %%{if} %%%{y} $${a}${var.t}$ ${sha256(join("", ["tm1:", var.t]))} $',
        values,
      ),
    ).toBe(
      'x ${HOME} $${Q} $$${R} %{if} %%{y} ${a}abc$ 497059bb0815bfe53bc2bd88496958383553bb79bb41be6239fb6d3fa5762aba $',
    );
  });

  it.each([
    '${var.u}',
    '${upper(var.t)}',
    '%{ if true }',
    '${var.t',
    '${join("", var.t)}',
    '${[var.t]}',
    '${var.t + 1}',
  ])('refuses %s, which it does not know, instead of guessing', (template) => {
    expect(() => evaluateTemplate(template, values)).toThrow();
  });
});
