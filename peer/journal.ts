/**
 * The last desired state on disk, as the stream's own lines: `state.ndjson` is a snapshot line and the delta lines that
 * followed it, each on the disk before the next is written. It lets a machine that reboots without its coordinator
 * restore everything. A delta costs its own length; once the deltas outgrow the snapshot, a new snapshot takes their
 * place in one rename.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { isSystemError, SECRET_FILE_MODE, writeFileAtomic } from '../host/files.ts';
import type { Log } from '../host/log.ts';
import { MeshReplica } from '../mesh/replica.ts';
import type { MeshState } from '../mesh/state.ts';
import { type Delta, type Snapshot, streamMessageSchema } from '../mesh/stream.ts';
import { failureText } from '../host/failure.ts';

/** Deltas are never folded into a new snapshot before they have this many bytes, however small the snapshot is. */
const COMPACT_AT_LEAST_BYTES = 64 * 1024;

/** The snapshot that describes the state; the inverse of `stateOfSnapshot`. */
export function snapshotOfState(state: MeshState): Snapshot {
  return {
    type: 'snapshot',
    epoch: state.epoch,
    revision: state.revision,
    mesh: state.mesh,
    peers: [...state.peers.values()],
    clients: [...state.clients.values()],
    attachments: [...state.attachments.values()],
  };
}

async function bytesIfThere(path: string): Promise<Buffer | undefined> {
  try {
    return await readFile(path);
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/** The state that the lines spell, or why they spell none. */
function foldLines(lines: readonly string[]): MeshReplica | string {
  let replica: MeshReplica | undefined;
  for (const [index, line] of lines.entries()) {
    const where = `line ${String(index + 1)}`;
    let document: unknown;
    try {
      document = JSON.parse(line);
    } catch {
      return `${where} is not JSON`;
    }
    const parsed = streamMessageSchema.safeParse(document);
    if (!parsed.success || parsed.data.type === 'alive') return `${where} is neither a snapshot nor a delta`;
    if (replica) replica.fold(parsed.data);
    else if (parsed.data.type === 'snapshot') replica = new MeshReplica(parsed.data);
    else return 'it does not begin with a snapshot';
  }
  return replica ?? 'it is empty';
}

/** An open journal. Calls must not overlap. */
export class Journal {
  readonly #path: string;
  readonly #log: Log;
  #file: FileHandle | undefined;
  #snapshotBytes = 0;
  #deltaBytes = 0;

  private constructor(path: string, log: Log) {
    this.#path = path;
    this.#log = log;
  }

  /**
   * Opens the journal and gives the state that it holds. A last line that was cut off by a crash is left out; a line before
   * it that is damaged makes the whole journal unusable, which is logged, and the state `undefined`.
   */
  static async open(path: string, log: Log): Promise<{ journal: Journal; replica: MeshReplica | undefined }> {
    const journal = new Journal(path, log);
    const bytes = await bytesIfThere(path);
    if (bytes === undefined) return { journal, replica: undefined };
    const whole = bytes.subarray(0, bytes.lastIndexOf('\n') + 1);
    const lines = whole.toString('utf8').split('\n').slice(0, -1);
    const replica = foldLines(lines);
    if (typeof replica === 'string') {
      log.warn('starting without the last known state', { file: path, reason: replica });
      return { journal, replica: undefined };
    }
    if (whole.length < bytes.length) log.warn('the journal ends in a torn line, which is left out', { file: path });
    journal.#snapshotBytes = whole.indexOf('\n') + 1;
    journal.#deltaBytes = whole.length - journal.#snapshotBytes;
    journal.#file = await open(path, 'r+');
    await journal.#file.truncate(whole.length);
    return { journal, replica };
  }

  /**
   * Keeps a message that was folded into the state; durable once this resolves. A failure to write is logged, not thrown:
   * what the coordinator wants must reach the devices even on a full disk. The next call then writes a whole snapshot.
   */
  async record(messages: readonly (Snapshot | Delta)[], state: MeshState): Promise<void> {
    try {
      const deltas = messages.filter((message) => message.type === 'delta');
      const lines = Buffer.from(deltas.map((message) => `${JSON.stringify(message)}\n`).join(''), 'utf8');
      const outgrown =
        this.#deltaBytes + lines.length > Math.max(this.#snapshotBytes, COMPACT_AT_LEAST_BYTES) ||
        deltas.length < messages.length;
      if (this.#file === undefined || outgrown) await this.#rewrite(state);
      else await this.#append(this.#file, lines);
    } catch (error) {
      this.#log.error('the last known state could not be written', { file: this.#path, reason: failureText(error) });
      await this.close();
    }
  }

  async #append(file: FileHandle, lines: Buffer): Promise<void> {
    const { bytesWritten } = await file.write(lines, 0, lines.length, this.#snapshotBytes + this.#deltaBytes);
    if (bytesWritten < lines.length) throw new Error('the disk took only a part of a line');
    this.#deltaBytes += lines.length;
    await file.datasync();
  }

  async #rewrite(state: MeshState): Promise<void> {
    const text = `${JSON.stringify(snapshotOfState(state))}\n`;
    await this.close();
    await writeFileAtomic(this.#path, text, SECRET_FILE_MODE);
    this.#snapshotBytes = Buffer.byteLength(text);
    this.#deltaBytes = 0;
    this.#file = await open(this.#path, 'r+');
  }

  /** Closes the file. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }
}
