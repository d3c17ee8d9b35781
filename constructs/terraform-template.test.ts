import { describe, expect, it } from '@jest/globals';
import { App, Fn, TerraformOutput, TerraformStack, Testing } from 'cdktf';
import fc from 'fast-check';
import { evaluateTemplate } from '../test/terraform/template.ts';
import { bytesAfterTerraform, terraformTemplate } from './terraform-template.ts';

/** What cdktf writes for Terraform to read, given this text as an attribute. */
function synthesized(text: string): string {
  const stack = new TerraformStack(new App(), 'stack');
  new TerraformOutput(stack, 'text', { value: text });
  return (JSON.parse(Testing.synth(stack)) as { output: { text: { value: string } } }).output.text.value;
}

const nothing = (reference: string): string => {
  throw new Error(`unexpected reference ${reference}`);
};

/** Also digests that look like numbers in scientific notation: cdktf encodes its own references to numbers so. */
const piece = fc.oneof(
  fc.string(),
  fc.constantFrom('${', '$', '$$', '%{', '%', '{', '}', '${HOME}', '$${HOME}', '%{if true}', '\n', '"', '\\'),
  fc.stringMatching(/^[0-9]{1,3}e[0-9]{1,61}$/),
  fc.stringMatching(/^[0-9a-f]{64}$/),
);

describe('literal text', () => {
  it('comes out of Terraform as it went in, whatever it holds', () => {
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1 }), (pieces) => {
        const text = pieces.join('');
        fc.pre(text !== '');
        expect(evaluateTemplate(synthesized(terraformTemplate(text)), nothing)).toBe(text);
      }),
    );
  });

  it.each([
    ['${HOME}', '$${HOME}'],
    ['$${Q}', '$$${Q}'],
    ['%{if}', '%%{if}'],
    ['100% of $5', '100% of $5'],
  ])('%j is written %j', (text, template) => {
    expect(terraformTemplate(text)).toBe(template);
  });
});

describe('a reference', () => {
  it('stays one between literal text', () => {
    const text = `\${HOME}${Fn.sha256('a')}%{x}`;
    expect(synthesized(terraformTemplate(text))).toBe('$${HOME}${sha256("a")}%%{x}');
  });

  it('counts as long as a digest, and other text as its bytes', () => {
    expect(bytesAfterTerraform(`é${Fn.sha256('a')}`)).toBe(2 + 64);
  });
});
