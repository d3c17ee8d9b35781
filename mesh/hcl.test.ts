import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseHcl, renderHcl } from './hcl.ts';

describe('HCL documents', () => {
  it('what is rendered parses to the same document', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', '\\', '$', '%', '{', '}', '\n', '\t', '\u0001', 'é', '雨'),
    });
    const scalar = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
    const inner = fc.oneof(scalar, fc.array(scalar), fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_-]*$/), scalar));
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.stringMatching(/^[a-z][a-z0-9_]*$/), inner), async (document) => {
        expect(await parseHcl(renderHcl(document), 'mesh.tfvars')).toEqual(document);
      }),
    );
  });

  it('comments, trailing commas and bare keys are as in Terraform', async () => {
    const text = '# one\nnodes = { // two\n  hub = { coordinator = true, }\n}\nlist = [1, 2,]\n/* three */\n';
    expect(await parseHcl(text, 'mesh.tfvars')).toEqual({ nodes: { hub: { coordinator: true } }, list: [1, 2] });
  });

  it.each([
    ['nodes = {\n', 'mesh.tfvars: 1 problem\n  2:1: "Missing expression"'],
    ['a = 1\na = 2\n', '2:1: "Attribute redefined"'],
    [
      'nodes = {\n  "wg" = { peer = true }\n  wg = {}\n}\n',
      '  3:3: "wg"; allowed: HCL attributes with literal values, every key once',
    ],
    ['x = { a = 1, a = 2 }\n', '  1:14: "a"'],
    ['é = { "ä" = 1, "ä" = 2 }\n', '  1:17: "ä"'],
    ['region = var.region\n', '  region: "${var.region}"; allowed: a literal value, no expression'],
    [
      'nodes = { hub = { size = "s-${1 + 1}" } }\n',
      '  nodes.hub.size: "s-${1 + 1}"; allowed: a literal value, no expression',
    ],
    ['tags = ["%{ if true }x%{ endif }"]\n', '  tags.0: '],
    ['port = 1 + 2\n', '  port: '],
    ['#'.repeat(1024 * 1024 + 1), 'at most 1048576 bytes'],
  ])('%# is refused with its place', async (text, message) => {
    await expect(parseHcl(text, 'mesh.tfvars')).rejects.toThrow(message);
  });
});
