/** What the kernel's data plane needs of the machine, checked before anything is touched and named all at once. */
import { access, constants, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** The programs that are run, and the Debian packages that they come in. */
export const REQUIRED_TOOLS: Readonly<Record<string, string>> = {
  wg: 'wireguard-tools',
  ip: 'iproute2',
  nft: 'nftables',
  conntrack: 'conntrack',
  dnsmasq: 'dnsmasq-base',
};

/** CAP_NET_ADMIN's bit (capability.h). */
const CAP_NET_ADMIN = 12n;

/** Ids 0 to 65534 must be mapped for `nobody` to exist (user_namespaces(7)). */
const NOBODY = 65_534;

/**
 * The sentence that says what is missing, or `undefined`.
 * @param missing - packages, without repetition
 */
export function renderMissing(missing: readonly string[]): string | undefined {
  return missing.length === 0
    ? undefined
    : `the mesh needs programs that are not installed; install them with: apt-get install --no-install-recommends ${missing.join(' ')}`;
}

/**
 * The packages of those tools that are not on the search path.
 * @param searchPath - directories separated by colons, as in `PATH`
 */
export async function missingPackages(tools: Readonly<Record<string, string>>, searchPath: string): Promise<string[]> {
  const missing: string[] = [];
  for (const [tool, packageName] of Object.entries(tools)) {
    const places = searchPath.split(':').filter((directory) => directory !== '');
    const found = await Promise.all(
      places.map((directory) =>
        access(join(directory, tool), constants.X_OK).then(
          () => true,
          () => false,
        ),
      ),
    );
    if (!found.includes(true)) missing.push(packageName);
  }
  return missing;
}

/** Says whether the text of /proc/self/status (proc(5)) shows that the process may make network devices. */
export function mayAdministerNetwork(status: string): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> CAP_NET_ADMIN) & 1n) === 1n;
}

/** The user for programs that need no rights, or `null` where the text of /proc/self/uid_map shows that there is none. */
export function unprivilegedUser(uidMap: string): 'nobody' | null {
  const mapped = uidMap.split('\n').some((line) => {
    const [inside, , length] = line.trim().split(/\s+/).map(Number);
    return inside !== undefined && length !== undefined && inside <= NOBODY && inside + length > NOBODY;
  });
  return mapped ? 'nobody' : null;
}

/** @throws Error with one sentence when the machine cannot carry a data plane */
export async function requireKernel(searchPath: string): Promise<void> {
  const missing = renderMissing(await missingPackages(REQUIRED_TOOLS, searchPath));
  if (missing !== undefined) throw new Error(missing);
  if (!mayAdministerNetwork(await readFile('/proc/self/status', 'utf8')))
    throw new Error('making network devices takes root (CAP_NET_ADMIN); run it as root or with sudo');
}
