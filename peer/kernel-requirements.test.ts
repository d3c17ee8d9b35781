import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  mayAdministerNetwork,
  missingPackages,
  renderMissing,
  REQUIRED_TOOLS,
  unprivilegedUser,
} from './kernel-requirements.ts';

describe('what the kernel’s data plane needs', () => {
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tunnelmesh-tools-'));
    for (const tool of ['wg', 'ip']) {
      await writeFile(join(directory, tool), '');
      await chmod(join(directory, tool), 0o755);
    }
    await writeFile(join(directory, 'nft'), '');
  });

  afterAll(async () => {
    await rm(directory, { recursive: true });
  });

  it('that is missing is named at once, by Debian package; a file that cannot be run does not count', async () => {
    const missing = await missingPackages(REQUIRED_TOOLS, `/nonexistent::${directory}`);
    expect(missing).toEqual(['nftables', 'conntrack', 'dnsmasq-base']);
    expect(renderMissing(missing)).toBe(
      'the mesh needs programs that are not installed; install them with: ' +
        'apt-get install --no-install-recommends nftables conntrack dnsmasq-base',
    );
    expect(renderMissing([])).toBeUndefined();
  });

  it('includes CAP_NET_ADMIN, which is bit 12', () => {
    expect(mayAdministerNetwork('Name:\tnode\nCapEff:\t0000000000001000\n')).toBe(true);
    expect(mayAdministerNetwork('CapEff:\t000001ffffffefff\n')).toBe(false);
    expect(mayAdministerNetwork('')).toBe(false);
  });

  it('includes no second user: the resolver is nobody only where nobody exists', () => {
    expect(unprivilegedUser('         0          0 4294967295\n')).toBe('nobody');
    expect(unprivilegedUser('         0       1000          1\n')).toBeNull();
    expect(unprivilegedUser('0 1000 1\n1 100000 65535\n')).toBe('nobody');
  });
});
