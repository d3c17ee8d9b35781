/**
 * Who this peer is: its two private keys, made once and kept, and its place in the mesh. Everything is a file of mode 0600
 * that is written whole or not at all. A file that is damaged or that others may read is an error for a person to
 * settle; it is never replaced, because every client's configuration names these keys.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { isSystemError, SECRET_FILE_MODE, writeFileAtomic } from '../host/files.ts';
import { joinOfferSchema, joinResponseSchema } from '../mesh/join.ts';
import { PrivateKey, type RandomBytes } from '../mesh/key.ts';
import { parseDocument } from '../mesh/zod-problems.ts';

/** Where the identity lies. */
export interface IdentityPlace {
  readonly dataDir: string;
  /** Directory of the concentrator's key; null where the peer runs none. */
  readonly wireguardDir: string | null;
}

/** This peer's private keys. */
export interface Keys {
  readonly mesh: PrivateKey;
  /** The concentrator's key; null where the peer runs none. */
  readonly wireguard: PrivateKey | null;
}

/** What this peer asked for when it joined, without the nonce; it joins again when it would ask for something else. */
export const offeredSchema = joinOfferSchema.omit({ nonce: true });
export type Offered = z.infer<typeof offeredSchema>;

/** `membership.json`: the place in the mesh, the credential that is this peer's own, and the CA to verify. */
export const membershipSchema = z.strictObject({
  ...joinResponseSchema.shape,
  /** PEM. */
  ca: z.string(),
  offered: offeredSchema,
});
export type Membership = z.infer<typeof membershipSchema>;

/** An identity file that cannot be used. The message names the file and says what to do. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
}

const OTHERS = 0o077;

/** Largest identity file, in bytes: a membership with its CA is about 2 KiB. */
const MAX_FILE_BYTES = 64 * 1024;

/** The text of a secret file, or `undefined` when there is none. @throws IdentityError when others may read it */
async function readSecret(path: string): Promise<string | undefined> {
  let file;
  try {
    file = await open(path, 'r');
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const { mode, size } = await file.stat();
    if ((mode & OTHERS) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0');
      throw new IdentityError(
        `${path} has mode ${octal}, so others may have read it; allowed: 0600. If they cannot have, run: chmod 600 ${path}`,
      );
    }
    if (size > MAX_FILE_BYTES)
      throw new IdentityError(`${path} has ${String(size)} bytes; allowed: ${String(MAX_FILE_BYTES)} at most`);
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}

async function keyAt(path: string, random: RandomBytes, joinedWithIt: boolean): Promise<PrivateKey> {
  const text = await readSecret(path);
  if (text !== undefined) {
    const key = PrivateKey.parse(text.trim());
    if (key) return key;
    throw new IdentityError(
      `${path} holds no WireGuard private key (44 characters of base64). Restore it from a backup; to start over with a new key, delete it.`,
    );
  }
  if (joinedWithIt) {
    throw new IdentityError(
      `${path} is gone, and the mesh knows this peer by it. Restore it from a backup; to join with a new key, delete membership.json as well.`,
    );
  }
  const key = PrivateKey.generate(random);
  await writeFileAtomic(path, `${key.reveal()}\n`, SECRET_FILE_MODE);
  return key;
}

/**
 * The peer's keys, made now if it never had any.
 * @param membership - what {@link readMembership} gave: a key that the mesh already knows is never made anew
 * @throws IdentityError
 */
export async function openKeys(
  place: IdentityPlace,
  membership: Membership | undefined,
  random: RandomBytes,
): Promise<Keys> {
  const mesh = await keyAt(join(place.dataDir, 'mesh.key'), random, membership !== undefined);
  if (place.wireguardDir === null) return { mesh, wireguard: null };
  const known = membership !== undefined && membership.offered.wireguard !== null;
  return { mesh, wireguard: await keyAt(join(place.wireguardDir, 'wireguard.key'), random, known) };
}

function membershipPath(dataDir: string): string {
  return join(dataDir, 'membership.json');
}

/** The place in the mesh that this peer has, or `undefined` before its first join. @throws IdentityError, ProblemsError */
export async function readMembership(dataDir: string): Promise<Membership | undefined> {
  const path = membershipPath(dataDir);
  const text = await readSecret(path);
  if (text === undefined) return undefined;
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    throw new IdentityError(`${path} is not JSON. Restore it from a backup; to join anew, delete it.`);
  }
  return parseDocument(membershipSchema, document, path);
}

/** Keeps the place in the mesh; durable once this resolves. */
export async function writeMembership(dataDir: string, membership: Membership): Promise<void> {
  await writeFileAtomic(membershipPath(dataDir), `${JSON.stringify(membership, null, 2)}\n`, SECRET_FILE_MODE);
}
