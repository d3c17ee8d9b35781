/**
 * The lab's one place on disk, `.lab/` unless told otherwise, readable by its owner alone. Everything in it dies with
 * the lab:
 *
 * ```
 * plan.json            what to build, with the lab's tokens in it
 * lab.json             who supervises it, and the hosts with their addresses
 * control.sock         where the supervisor listens
 * supervisor.log
 * nodes/NAME/var       the node's /var/lib/tunnelmesh;  nodes/NAME/log  what its daemon prints
 * devices/NAME/…       the same for devices
 * ```
 */
import { openSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import {
  isSystemError,
  readFileIfThere,
  SECRET_DIRECTORY_MODE,
  SECRET_FILE_MODE,
  writeFileAtomic,
} from '../host/files.ts';
import { type LabHost, type LabPlan, labPlanSchema } from './plan.ts';

/** Where a lab is kept unless its user says otherwise, below the current directory. */
export const DEFAULT_STATE_DIRECTORY = '.lab';

const recordSchema = z.strictObject({
  /** The `unshare` that the supervisor is the child of, with its start, so that no other process is taken for it. */
  launcher: z.strictObject({ pid: z.number().int().positive(), startTime: z.number().int().nonnegative() }),
  privilege: z.enum(['root', 'user-namespace']),
  hosts: z.record(z.string(), z.string()),
});

/** The file that makes a directory a lab's. */
const PLAN = 'plan.json';

/** Everything that a lab keeps in its state directory. */
const OWN: readonly string[] = [PLAN, 'lab.json', 'control.sock', 'supervisor.log', 'nodes', 'devices'];

/** Says whether a lab put this there; what `writeFileAtomic` left when it was killed belongs to it too. */
function isOwn(name: string): boolean {
  return OWN.includes(name) || /^\.[0-9a-f-]{36}\.tmp$/.test(name);
}

/** What is known of a lab without asking its supervisor. */
export type LabRecord = z.infer<typeof recordSchema>;

/** The state directory's parts. */
export class StateDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = resolve(path);
  }

  get controlSocket(): string {
    return join(this.path, 'control.sock');
  }

  get supervisorLog(): string {
    return join(this.path, 'supervisor.log');
  }

  /** The folder of all nodes' folders. */
  get nodesDirectory(): string {
    return join(this.path, 'nodes');
  }

  /** The host's own folder. */
  host(host: { readonly kind: LabHost['kind']; readonly name: string }): string {
    return host.kind === 'device' ? join(this.path, 'devices', host.name) : join(this.nodesDirectory, host.name);
  }

  /** The folder that the host sees as `/var/lib/tunnelmesh`; made if it is missing. */
  async hostData(host: LabHost): Promise<string> {
    const directory = join(this.host(host), 'var');
    await mkdir(directory, { recursive: true, mode: SECRET_DIRECTORY_MODE });
    return directory;
  }

  /** Makes an empty state directory and writes the plan into it. */
  async create(plan: LabPlan): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: SECRET_DIRECTORY_MODE });
    await this.#write(PLAN, plan);
  }

  /** The plan. @throws when there is none or it is no plan */
  async plan(): Promise<LabPlan> {
    const text = await readFileIfThere(join(this.path, PLAN));
    if (text === undefined) throw new Error(`${this.path} holds no plan of a lab`);
    return labPlanSchema.parse(JSON.parse(text));
  }

  /** Remembers who supervises. A supervisor does nothing until it is on record, so none is ever lost. */
  async writeRecord(record: LabRecord): Promise<void> {
    await this.#write('lab.json', record);
  }

  /** Who supervises, or `undefined` when nobody ever did or the file is not ours. */
  async record(): Promise<LabRecord | undefined> {
    const text = await readFileIfThere(join(this.path, 'lab.json'));
    if (text === undefined) return undefined;
    try {
      return recordSchema.parse(JSON.parse(text));
    } catch {
      return undefined;
    }
  }

  /** What stands in the directory that no lab put there; a lab is only made where there is nothing of the kind. */
  async strangers(): Promise<string[]> {
    const names = await this.#entries();
    return names.includes(PLAN) ? names.filter((name) => !isOwn(name)) : names;
  }

  /** Opens a log for appending; the file descriptor becomes a process's outputs. */
  openLog(path: string): number {
    return openSync(path, 'a', SECRET_FILE_MODE);
  }

  /** Removes all that a lab keeps here, then the directory unless somebody else keeps something in it too. */
  async remove(): Promise<void> {
    const names = await this.#entries();
    // The plan goes last: without one, nothing here is known to be a lab's.
    const own = names.includes(PLAN) ? [...names.filter((name) => isOwn(name) && name !== PLAN), PLAN] : [];
    for (const name of own) await rm(join(this.path, name), { recursive: true, force: true });
    if (own.length === names.length) await rm(this.path, { recursive: true, force: true });
  }

  async #entries(): Promise<string[]> {
    try {
      return await readdir(this.path);
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
  }

  async #write(name: string, content: unknown): Promise<void> {
    await writeFileAtomic(join(this.path, name), `${JSON.stringify(content, undefined, 2)}\n`, SECRET_FILE_MODE);
  }
}
