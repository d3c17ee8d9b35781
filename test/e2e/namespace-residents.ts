/** What a lab must not leave behind: processes in its namespaces, network interfaces and mounts of the machine. */
import { readdir, readFile, readlink } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';

/** The processes, zombies aside, that are in one of these namespaces, named as `net:[4026531840]`. */
export async function residents(namespaces: ReadonlySet<string>): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await readdir('/proc')).filter((entry) => /^[0-9]+$/.test(entry))) {
    for (const kind of ['net', 'mnt', 'pid']) {
      try {
        const namespace = await readlink(`/proc/${pid}/ns/${kind}`);
        if (namespaces.has(namespace)) found.push(`${pid} in ${namespace}`);
      } catch {
        // It has ended, or is a zombie and in no namespace any more.
      }
    }
  }
  return found;
}

/** Names of network interfaces, named network namespaces, and mounts, as this process sees them. */
export async function machineState(): Promise<Record<string, readonly string[]>> {
  return {
    interfaces: [...new Set([...Object.keys(networkInterfaces()), ...(await readdir('/sys/class/net'))])].sort(),
    namespaces: await readdir('/run/netns').catch(() => []),
    mounts: (await readFile('/proc/self/mounts', 'utf8')).split('\n').sort(),
  };
}
