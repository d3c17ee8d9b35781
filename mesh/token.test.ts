import { describe, expect, it } from '@jest/globals';
import { NODE, TOKENS } from '../test/vectors/token.ts';
import type { Label } from './name.ts';
import { isStrongToken, joinRoot, nodeToken, tokenVerifier } from './token.ts';

describe('tokens', () => {
  it.each(TOKENS)('what is derived from "$authToken" is what Terraform computes', (vector) => {
    expect(joinRoot(vector.authToken)).toBe(vector.joinRoot);
    expect(tokenVerifier(vector.authToken)).toBe(vector.verifier);
    expect(nodeToken(vector.joinRoot, NODE.name as Label, NODE.claims)).toBe(vector.nodeToken);
  });

  it('every name and every claim makes another node token', () => {
    const [{ joinRoot: root }] = TOKENS;
    const tokens = [
      nodeToken(root, 'wg-us' as Label, NODE.claims),
      nodeToken(root, 'wg-eu' as Label, NODE.claims),
      nodeToken(root, 'wg-us' as Label, NODE.claims.replace('generation=0', 'generation=1')),
    ];
    expect(new Set(tokens).size).toBe(3);
  });

  it.each([
    ['64 hexadecimal digits', TOKENS[0].authToken, true],
    ['32 characters, 8 of them different', 'abcdefgh'.repeat(4), true],
    ["the mission's placeholder", 'your-token', false],
    ['31 characters', 'abcdefgh'.repeat(4).slice(1), false],
    ['much of the same', 'abcdefg'.repeat(9), false],
  ])('%s: strong is %p', (_, token, strong) => {
    expect(isStrongToken(token)).toBe(strong);
  });
});
