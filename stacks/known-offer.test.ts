import { describe, expect, it } from '@jest/globals';
import { parseMeshFile } from '../mesh/mesh-file.ts';
import { unknownOffers } from './known-offer.ts';

function warnings(node: object, file: object = {}): readonly string[] {
  return unknownOffers(parseMeshFile({ nodes: { hub: { coordinator: true, ...node } }, ...file }, 'mesh.yaml'));
}

describe('what DigitalOcean sells', () => {
  it.each(['s-1vcpu-1gb', 's-2vcpu-4gb-120gb-intel', 'c-2', 'g-2vcpu-8gb'])(
    'holds %s in a region that is known',
    (size) => {
      expect(warnings({ size, region: 'blr1' })).toEqual([]);
    },
  );

  it.each([
    [{ region: 'mad1' }, {}, 'The region mad1 was not among'],
    [{ size: 'z-1vcpu-1gb' }, {}, 'The size z-1vcpu-1gb was not among'],
    [{ size: 's-1vcpu-512mb-10gb', region: 'lon1' }, {}, 'hub: the size s-1vcpu-512mb-10gb was not sold in lon1'],
    [{}, { image: 'ubuntu-24-04-x64' }, 'The image ubuntu-24-04-x64 was never tried'],
  ])('may not hold %j %j, which is said with the date of what is known', (node, file, text) => {
    expect(warnings(node, file)).toEqual([expect.stringContaining(text)]);
  });

  it('is asked once for what several nodes want', () => {
    const nodes = { hub: { coordinator: true, region: 'mad1' }, wg: { region: 'mad1' } };
    expect(unknownOffers(parseMeshFile({ nodes }, 'mesh.yaml'))).toHaveLength(1);
  });
});
