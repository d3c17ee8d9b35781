import { describe, expect, it } from '@jest/globals';
import { logicalId, nodeTag, resourceName } from './resource-name.ts';

describe("a node's name in the account", () => {
  it('begins with the name of its mesh', () => {
    expect(resourceName({ mesh: 'office', node: 'wg-us' })).toBe('office-wg-us');
  });

  it.each([
    ['9office', 'wg'],
    ['office', 'x'.repeat(58)],
    ['Office', 'wg'],
  ])('is refused for mesh %s, node %s, quoting both', (mesh, node) => {
    expect(() => resourceName({ mesh, node })).toThrow(`"${mesh}-${node}" cannot name a node's resources; allowed: `);
  });

  it('as a tag differs between meshes whose names begin alike', () => {
    expect(nodeTag({ mesh: 'a-b', node: 'c' })).not.toBe(nodeTag({ mesh: 'a', node: 'b-c' }));
  });
});

describe("a node's name in Terraform", () => {
  it('is the name itself, unless a digit comes first', () => {
    expect([logicalId('wg-us'), logicalId('1st')]).toEqual(['wg-us', '_1st']);
  });
});
