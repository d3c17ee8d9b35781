/**
 * Private keys of clients that were made on this machine: `keys/CLIENT_ID.key`, 0600, as `wg genkey` writes them.
 *
 * A key must be on disk before the coordinator learns its public half, yet the client's id comes with the answer. So a
 * key begins as `new-MESH-NAME-NONCE.key` and is renamed once the id is known. Whoever crashes in between leaves the
 * first file; the next run finds it by mesh and name and either adopts it (the client exists and has this public key)
 * or, once nobody can still be waiting for an answer, removes it.
 */
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Clock } from '../host/clock.ts';
import { isSystemError, readFileIfThere, SECRET_FILE_MODE, syncDirectory, writeFileAtomic } from '../host/files.ts';
import { hex } from '../mesh/hex.ts';
import { PrivateKey, type PublicKey, type RandomBytes } from '../mesh/key.ts';
import { isLabel, type Label } from '../mesh/name.ts';
import { EXIT, Failure } from './failure.ts';

/** A key whose client has no id yet, as far as this machine knows. */
export interface NewKey {
  readonly name: Label;
  readonly key: PrivateKey;
  readonly file: string;
}

/** A request is long over after this; a key file that nobody has claimed by then belongs to a run that died. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000;

const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
const NEW_KEY_PATTERN = /^new-([0-9a-f]{16})-([a-z0-9-]{1,63})-([0-9a-f]{8})\.key$/;

/** Tells one mesh from another: the start of a hash of its CA, which it has for life. */
export function meshMark(ca: string): string {
  return hex.encode(sha256(utf8ToBytes(ca.trim()))).slice(0, 16);
}

/** The keys in one home. */
export class KeyStore {
  readonly #directory: string;
  readonly #mark: string;
  readonly #clock: Clock;
  readonly #random: RandomBytes;

  /**
   * @param home - see `tunnelmeshHome`
   * @param ca - the mesh CA in PEM, to keep the new keys of several meshes apart
   */
  constructor(home: string, ca: string, clock: Clock, random: RandomBytes) {
    this.#directory = join(home, 'keys');
    this.#mark = meshMark(ca);
    this.#clock = clock;
    this.#random = random;
  }

  /** Makes a key for a client of this name and puts it on disk. It is durable once this resolves. */
  async make(name: Label): Promise<NewKey> {
    const key = PrivateKey.generate(this.#random);
    const file = join(this.#directory, `new-${this.#mark}-${name}-${hex.encode(this.#random(4))}.key`);
    await writeFileAtomic(file, `${key.reveal()}\n`, SECRET_FILE_MODE);
    return { name, key, file };
  }

  /** Gives a new key the id of its client. Does nothing when another run has done so already. */
  async adopt({ file, key }: NewKey, id: string): Promise<void> {
    try {
      await rename(file, this.#file(id));
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error;
      if ((await this.find(id))?.publicKey() !== key.publicKey()) throw error;
    }
    await syncDirectory(this.#directory);
  }

  /** Removes a new key that the coordinator has refused. */
  async discard({ file }: NewKey): Promise<void> {
    await rm(file, { force: true });
    await syncDirectory(this.#directory);
  }

  /** New keys of this mesh that earlier runs left, or that other runs are working on now. */
  async unclaimed(): Promise<readonly NewKey[]> {
    const found: NewKey[] = [];
    for (const entry of await this.#entries()) {
      const [, mark, name = ''] = NEW_KEY_PATTERN.exec(entry) ?? [];
      if (mark !== this.#mark || !isLabel(name)) continue;
      const file = join(this.#directory, entry);
      const key = await readKey(file);
      if (key) found.push({ name, key, file });
    }
    return found;
  }

  /** Says whether the new key is so old that no run can still be waiting for its answer. */
  async isAbandoned({ file }: NewKey): Promise<boolean> {
    try {
      return this.#clock.wall() - (await stat(file)).mtimeMs > ABANDONED_AFTER_MS;
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return false;
      throw error;
    }
  }

  /** The key of the client, or `undefined` when it was not made here. @throws Failure when its file is damaged */
  async find(id: string): Promise<PrivateKey | undefined> {
    return readKey(this.#file(id));
  }

  /**
   * The key of the client, which must be the one that the mesh knows it by.
   * @throws Failure when it was not made here, or is another
   */
  async get(client: {
    readonly id: string;
    readonly name: string;
    readonly public_key: PublicKey | null;
  }): Promise<PrivateKey> {
    const key = await this.find(client.id);
    if (!key)
      throw new Failure(EXIT.failed, `the private key of ${client.name} is not on this machine; it was made elsewhere`);
    if (key.publicKey() !== client.public_key)
      throw new Failure(EXIT.failed, `${this.#file(client.id)} is not the key that the mesh knows ${client.name} by`);
    return key;
  }

  /** Removes the key of a client that no longer exists. */
  async remove(id: string): Promise<void> {
    await rm(this.#file(id), { force: true });
  }

  #file(id: string): string {
    if (!ID_PATTERN.test(id))
      throw new Failure(EXIT.failed, 'the coordinator gave a client id that cannot name a file');
    return join(this.#directory, `${id}.key`);
  }

  async #entries(): Promise<readonly string[]> {
    try {
      return (await readdir(this.#directory)).sort();
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return [];
      throw error;
    }
  }
}

async function readKey(file: string): Promise<PrivateKey | undefined> {
  const text = await readFileIfThere(file);
  if (text === undefined) return undefined;
  const key = PrivateKey.parse(text.trim());
  if (!key) throw new Failure(EXIT.failed, `${file} holds no private key; restore it from a backup or remove it`);
  return key;
}
