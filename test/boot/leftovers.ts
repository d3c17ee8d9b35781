/** What a test that was killed leaves: the kernel ends its processes, networks and mounts, but not folders and control groups. */
import { readdir } from 'node:fs/promises';
import { identityOf } from '../../lab/process-table.ts';

/** How everything is called that the boot test makes outside its namespaces: this and the number of its process. */
const PREFIX = 'tunnelmesh-boot-';

/** The beginning of a name of ours. */
export function ownPrefix(): string {
  return `${PREFIX}${String(process.pid)}-`;
}

/** The entries of a directory that were made by a boot test which is no more. */
export async function leftIn(directory: string): Promise<string[]> {
  const ours = (await readdir(directory)).filter((name) => name.startsWith(PREFIX));
  const makers = await Promise.all(ours.map((name) => identityOf(Number.parseInt(name.slice(PREFIX.length), 10))));
  return ours.filter((_, index) => makers[index] === undefined);
}
