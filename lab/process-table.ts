/** What the kernel says about processes: `/proc/PID/stat`, proc(5). */
import { readdir } from 'node:fs/promises';
import { readFileIfThere } from '../host/files.ts';

/** A process that cannot be mistaken for a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the machine's start and the process's, field 22 of `/proc/PID/stat`. */
  readonly startTime: number;
}

/** The fields of `/proc/PID/stat` that are used here. */
export interface ProcessStat extends ProcessIdentity {
  readonly parent: number;
  readonly state: string;
}

/** Field numbers of proc(5), counted from the state (field 3), which is the first after the command's name. */
const STATE = 0;
const PARENT = 1;
const START_TIME = 19;

/**
 * Reads a line of `/proc/PID/stat`. The command's name stands in brackets and may itself hold brackets and spaces, so
 * everything is counted from the last closing one.
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const end = text.lastIndexOf(')');
  const pid = Number.parseInt(text, 10);
  const fields = text.slice(end + 2).split(' ');
  const [state, parent, startTime] = [fields[STATE], Number(fields[PARENT]), Number(fields[START_TIME])];
  if (end < 0 || !state || ![pid, parent, startTime].every(Number.isSafeInteger)) return undefined;
  return { pid, state, parent, startTime };
}

async function readStat(pid: number): Promise<ProcessStat | undefined> {
  try {
    const text = await readFileIfThere(`/proc/${String(pid)}/stat`);
    return text === undefined ? undefined : parseProcessStat(text);
  } catch {
    // ESRCH: it ended between open and read.
    return undefined;
  }
}

/** The process that has this number now. */
export async function identityOf(pid: number): Promise<ProcessIdentity | undefined> {
  const stat = await readStat(pid);
  return stat && { pid: stat.pid, startTime: stat.startTime };
}

/** Says whether exactly this process is still there and not a zombie. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  const stat = await readStat(identity.pid);
  return stat?.startTime === identity.startTime && stat.state !== 'Z' && stat.state !== 'X';
}

/** The processes that this one started and that are still there, oldest first. */
export async function childrenOf(pid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((entry) => /^[0-9]+$/.test(entry)).map(Number);
  const stats = await Promise.all(pids.map(readStat));
  return stats
    .filter((stat): stat is ProcessStat => stat?.parent === pid)
    .sort((a, b) => a.startTime - b.startTime)
    .map((stat) => stat.pid);
}
