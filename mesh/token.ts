/**
 * Tokens and what is derived from them. The operator's `auth_token` reaches no machine that Terraform makes: the
 * coordinator gets {@link joinRoot} and {@link tokenVerifier}, every other node its own {@link nodeToken}. Terraform
 * computes the same values with its own `sha256()`, which hashes UTF-8 text and writes lower-case hexadecimal
 * (https://developer.hashicorp.com/terraform/language/functions/sha256); keep the two in step.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { hex } from './hex.ts';
import type { Label } from './name.ts';

function sha256Hex(text: string): string {
  return hex.encode(sha256(utf8ToBytes(text)));
}

/** Fewest characters of an operator's token outside the lab: 32 hexadecimal digits hold 128 bits. */
export const TOKEN_MIN_LENGTH = 32;

/** Says whether a token is long and varied enough to withstand guessing against a captured join. */
export function isStrongToken(token: string): boolean {
  return token.length >= TOKEN_MIN_LENGTH && new Set(token).size >= 8;
}

/** The secret from which the coordinator recomputes every node's token, 64 hexadecimal digits. */
export function joinRoot(authToken: string): string {
  return sha256Hex(`tm1:join:${authToken}`);
}

/** What the coordinator keeps of a token or credential in order to recognise it, 64 hexadecimal digits. */
export function tokenVerifier(token: string): string {
  return sha256Hex(`tm1:verify:${token}`);
}

/** The token with which the machine declared under this name, with these claims, may join as that node and nothing else. */
export function nodeToken(root: string, name: Label, claims: string): string {
  return sha256Hex(`tm1:${sha256Hex(`${root}:node:${name}:${claims}`)}`);
}
