import { describe, expect, it } from '@jest/globals';
import { readFile } from 'node:fs/promises';
import { meshFileJsonSchema, meshFileSchema } from './mesh-file-schema.ts';

const PUBLISHED = new URL('../docs/mesh.schema.json', import.meta.url);

describe("the mesh file's JSON Schema", () => {
  it('docs/mesh.schema.json is what is generated from the parser', async () => {
    // To publish a change:
    // npx tsx -e "import('./mesh/mesh-file-schema.ts').then((m) => console.log(JSON.stringify(m.meshFileJsonSchema())))" \
    //   > docs/mesh.schema.json && npx prettier --write docs/mesh.schema.json
    expect(JSON.parse(await readFile(PUBLISHED, 'utf8'))).toEqual(meshFileJsonSchema());
  });

  it('every key of the file and of a node is described', () => {
    const node = meshFileSchema.shape.nodes.valueType;
    for (const [key, schema] of [...Object.entries(meshFileSchema.shape), ...Object.entries(node.shape)])
      expect([key, schema.description?.endsWith('.')]).toEqual([key, true]);
  });
});
