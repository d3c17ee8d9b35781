import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError, type Run } from '../host/run.ts';
import { besideSupervisor, insideHost, probe } from './namespaces.ts';

const TOOLS = 'unshare nsenter setpriv setsid mount ip wg wg-quick nft dnsmasq ping wireguard-go'.split(' ');

/** A directory that holds these programs and nothing else. */
async function withTools<T>(tools: readonly string[], work: (path: string) => Promise<T>): Promise<T> {
  const path = await mkdtemp(join(tmpdir(), 'tools-'));
  try {
    for (const tool of tools) await writeFile(join(path, tool), '', { mode: 0o755 });
    return await work(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

/** A machine that lets some `unshare` command lines pass and says the same to all others. */
function machine(passes: (line: string) => boolean, says = 'unshare: unshare failed: Operation not permitted'): Run {
  return (argv) =>
    passes(argv.join(' '))
      ? Promise.resolve({ exitCode: 0, stdout: '', stderr: '' })
      : Promise.reject(new CommandError(argv, 'exit', 'failed with exit code 1', 1, says));
}

describe('a machine', () => {
  it('of root’s, with WireGuard in its kernel, is used as it is', async () => {
    expect(
      await withTools(TOOLS, (path) =>
        probe(
          machine(() => true),
          0,
          path,
        ),
      ),
    ).toEqual({
      possible: true,
      privilege: 'root',
      wireguard: 'kernel',
    });
  });

  it('whose root may not make namespaces is used like anybody’s', async () => {
    const run = machine((line) => line.startsWith('unshare --user '));
    expect(await withTools(TOOLS, (path) => probe(run, 0, path))).toMatchObject({ privilege: 'user-namespace' });
  });

  it('that refuses namespaces is refused in one sentence with the kernel’s own words', async () => {
    expect(
      await withTools(TOOLS, (path) =>
        probe(
          machine(() => false),
          1000,
          path,
        ),
      ),
    ).toEqual({
      possible: false,
      reason:
        'This machine does not let the lab make network namespaces: unshare: unshare failed: Operation not permitted.',
    });
  });

  it('that allows no user namespaces is told which limit it is, not that a disk is full', async () => {
    const run = machine(() => false, 'unshare: unshare failed: No space left on device');
    expect(await withTools(TOOLS, (path) => probe(run, 1000, path))).toEqual({
      possible: false,
      reason:
        'This machine does not let the lab make network namespaces: none are allowed here, see sysctl user.max_user_namespaces.',
    });
  });

  it('that lacks tools is told the packages', async () => {
    const tools = TOOLS.filter((tool) => tool !== 'nft' && tool !== 'wg' && tool !== 'wg-quick');
    expect(
      await withTools(tools, (path) =>
        probe(
          machine(() => true),
          0,
          path,
        ),
      ),
    ).toEqual({
      possible: false,
      reason: 'The lab needs wg, wg-quick, nft, not installed here (Debian packages: wireguard-tools nftables).',
    });
  });

  it('without WireGuard in its kernel needs wireguard-go', async () => {
    const run = machine((line) => line.endsWith('type bridge'));
    const tools = TOOLS.filter((tool) => tool !== 'wireguard-go');
    expect(await withTools(tools, (path) => probe(run, 0, path))).toEqual({
      possible: false,
      reason: 'This kernel has no WireGuard, and wireguard-go is not installed (Debian package: wireguard-go).',
    });
  });
});

describe('a command on a host', () => {
  it('goes through the supervisor’s namespaces, and through its user namespace where there is one', () => {
    const inner = insideHost(12, ['hostname']);
    expect(besideSupervisor('root', 4242, inner).join(' ')).toBe(
      'nsenter -t 4242 -m -n -p -- nsenter -t 12 -m -n -u -p -- hostname',
    );
    expect(besideSupervisor('user-namespace', 4242, inner).join(' ')).toBe(
      'nsenter -t 4242 -U --preserve-credentials -m -n -p -- nsenter -t 12 -m -n -u -p -- hostname',
    );
  });
});
