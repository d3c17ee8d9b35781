import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { meshFileArbitrary } from '../test/property/mesh-file-arbitrary.ts';
import { problemsIn } from '../test/property/problems-in.ts';
import { type MeshFile, parseMeshFile } from './mesh-file.ts';
import { lockAfter, lockProblems, meshLockPath, parseMeshLock, renderMeshLock, retiredNodes } from './mesh-lock.ts';
import { renderProblem } from './problem.ts';

const NODES = {
  hub: { coordinator: true, region: 'ams3' },
  'wg-us': { wireguard: true, region: 'nyc3' },
  plain: { region: 'nyc3' },
};

function mesh(change: object = {}): MeshFile {
  return parseMeshFile({ nodes: NODES, ...change }, 'mesh.yaml');
}

const LOCK = lockAfter(null, mesh());

/** What is wrong with this mesh after the one above. */
function problems(change: object): readonly string[] {
  return lockProblems(LOCK, mesh(change)).map(renderProblem);
}

const { 'wg-us': american, ...REST } = NODES;

describe('the lock file', () => {
  it('lies beside the mesh file and bears its name', () => {
    expect(['mesh.yaml', 'a.b/office.tfvars', './mesh'].map(meshLockPath)).toEqual([
      'mesh.lock.json',
      'a.b/office.lock.json',
      './mesh.lock.json',
    ]);
  });

  it('of a first mesh says what the mesh has', () => {
    expect(JSON.parse(renderMeshLock(LOCK))).toEqual({
      version: 1,
      mesh: 'tunnelmesh',
      coordinator: true,
      regions: ['nyc3'],
      nodes: {
        hub: { region: 'ams3', coordinator: true, reserved_ip: true },
        plain: { region: 'nyc3', coordinator: false, reserved_ip: false },
        'wg-us': { region: 'nyc3', coordinator: false, reserved_ip: true },
      },
    });
  });

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(meshFileArbitrary, (file) => {
        const lock = lockAfter(null, file);
        expect(parseMeshLock(renderMeshLock(lock), 'mesh.lock.json')).toEqual(lock);
      }),
    );
  });

  it('of the same mesh is the same, and any mesh may follow itself', () => {
    fc.assert(
      fc.property(meshFileArbitrary, (file) => {
        const unretired = { ...file, retired: [] };
        const lock = lockAfter(null, unretired);
        expect(lockAfter(lock, unretired)).toEqual(lock);
        expect(lockProblems(lock, unretired)).toEqual([]);
      }),
    );
  });

  it('that is none is refused', () => {
    expect(problemsIn(() => parseMeshLock('{', 'mesh.lock.json'))).toEqual([
      '"something else"; allowed: JSON, as synthesis wrote it',
    ]);
    expect(problemsIn(() => parseMeshLock('{"version":2}', 'mesh.lock.json'))).toContainEqual(
      'version: 2; allowed: one of 1',
    );
    expect(parseMeshLock(undefined, 'mesh.lock.json')).toBeNull();
  });
});

describe('a node that was deployed', () => {
  it('cannot vanish from the map', () => {
    expect(problems({ nodes: REST })).toEqual([
      'nodes.wg-us: missing; allowed: the node, which was deployed once; or its name under retired, and its volume and address are kept; or under forgotten, and they are destroyed',
    ]);
  });

  it('is kept as it was once it is retired, for as long as it is', () => {
    const retired = mesh({ nodes: REST, retired: ['wg-us'] });
    expect(lockProblems(LOCK, retired)).toEqual([]);
    const after = lockAfter(LOCK, retired);
    expect(after).toEqual(LOCK);
    expect(retiredNodes(after, retired)).toEqual([
      { name: 'wg-us', region: 'nyc3', coordinator: false, reserved_ip: true },
    ]);
    expect(lockProblems(after, mesh())).toEqual([]);
  });

  it('is forgotten on purpose, twice as well as once, while its region stays known', () => {
    const forgetful = mesh({ nodes: { hub: NODES.hub }, forgotten: ['wg-us', 'plain'] });
    expect(lockProblems(LOCK, forgetful)).toEqual([]);
    const after = lockAfter(LOCK, forgetful);
    expect([[...after.nodes.keys()], after.regions]).toEqual([['hub'], ['nyc3']]);
    expect(lockProblems(after, forgetful)).toEqual([]);
    expect(lockAfter(after, forgetful)).toEqual(after);
  });

  it('cannot move to another region or stack, nor lose its address while it is protected', () => {
    const otherwise =
      'another node needs another name (or take its entry out of the lock file if it was never deployed)';
    expect(problems({ nodes: { ...NODES, 'wg-us': { ...american, region: 'sfo3' } } })).toEqual([
      `nodes.wg-us.region: "sfo3"; allowed: nyc3, where its volume is; ${otherwise}`,
    ]);
    expect(problems({ nodes: { ...NODES, hub: {}, plain: { coordinator: true, region: 'nyc3' } } })).toEqual([
      `nodes.hub.coordinator: false; allowed: true, as it was deployed; ${otherwise}`,
      expect.stringContaining('nodes.hub.reserved_ip: false; allowed: true'),
      `nodes.plain.coordinator: true; allowed: false, as it was deployed; ${otherwise}`,
    ]);
    const without = { ...american, reserved_ip: false };
    expect(problems({ nodes: { ...NODES, 'wg-us': without } })).toEqual([
      'nodes.wg-us.reserved_ip: false; allowed: true, for the node has a reserved IP; to give that up for good, protect: false',
    ]);
    expect(problems({ nodes: { ...NODES, 'wg-us': { ...without, protect: false } } })).toEqual([]);
  });

  it('does not lose its address because the mesh gets a domain', () => {
    expect(problems({ domain: 'mesh.example.com' })).toEqual([
      expect.stringContaining('nodes.hub.reserved_ip: false; allowed: true'),
    ]);
  });
});

describe('a mesh that was deployed', () => {
  it('keeps its name', () => {
    expect(problems({ name: 'office' })).toEqual([
      `name: "office"; allowed: tunnelmesh, as in the lock file: it is in every resource's name`,
    ]);
  });

  it('retires only nodes that it had', () => {
    const retired = { retired: ['stranger'] };
    const refusal = ['retired: "stranger"; allowed: the name of a node that the lock file knows'];
    expect(problems(retired)).toEqual(refusal);
    expect(lockProblems(null, mesh(retired)).map(renderProblem)).toEqual(refusal);
  });
});
