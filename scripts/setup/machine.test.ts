import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { hasCommand, requireNode } from './machine.mjs';

describe('the machine', () => {
  it.each(['20.19.0', '20.20.2', '22.0.0', '24.1.0'])('is refused no Node like %s', (version) => {
    expect(() => {
      requireNode(version);
    }).not.toThrow();
  });

  it.each(['18.20.8', '20.18.3'])('is refused Node %s, with the oldest one that runs', (version) => {
    expect(() => {
      requireNode(version);
    }).toThrow(`This is Node ${version}; TunnelMesh needs Node 20.19 or later.`);
  });

  it('has a command when a directory holds an executable file of that name, and not otherwise', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-machine-'));
    try {
      const path = join(directory, 'nft');
      expect(hasCommand('nft', [directory])).toBe(false);
      await writeFile(path, '#!/bin/sh\n');
      expect(hasCommand('nft', [directory])).toBe(false);
      await chmod(path, 0o755);
      expect(hasCommand('nft', [directory])).toBe(true);
      expect(hasCommand(directory.split('/').at(-1) ?? '', [tmpdir()])).toBe(false);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
