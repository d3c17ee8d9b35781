/**
 * The joiner's side of the join (mesh/join.ts): first the coordinator proves over an unverified connection that it knows
 * our credential and so vouches for the mesh CA; then we prove the same over a connection that verifies that CA.
 */
import { timingSafeEqual } from 'node:crypto';
import type { z } from 'zod';
import type { Clock } from '../host/clock.ts';
import { type HttpsRequest, type HttpsResponse, type Trust } from '../host/https.ts';
import type { Log } from '../host/log.ts';
import { hex } from '../mesh/hex.ts';
import {
  caProof,
  COORDINATOR_NAME,
  helloResponseSchema,
  type Joiner,
  joinProof,
  joinResponseSchema,
  NONCE_BYTES,
} from '../mesh/join.ts';
import type { RandomBytes } from '../mesh/key.ts';
import { coordinatorUrl } from '../mesh/peer-config.ts';
import { joinRoot } from '../mesh/token.ts';
import { Backoff, RECONNECT_BOUNDS } from './backoff.ts';
import { failureText } from '../host/failure.ts';
import { isCertificateError, PEER_PATHS, refusalText, type Sender } from './coordinator-door.ts';
import type { Membership, Offered } from './identity.ts';

/** What a person gave us to join with. The token never leaves this process, nor does it reach a log. */
export type JoinToken =
  | { readonly kind: 'operator'; readonly token: string }
  | { readonly kind: 'node'; readonly token: string; readonly claims: string };

/** The key of the join's proofs: the operator's token is never used itself, only what is derived from it. */
export function joinKey(token: JoinToken): string {
  return token.kind === 'operator' ? joinRoot(token.token) : token.token;
}

/** How a joiner introduces itself with this token. */
export function joinerOf(name: Joiner['name'], token: JoinToken): Joiner {
  return {
    name,
    credential: token.kind === 'operator' ? { kind: 'operator' } : { kind: 'node', claims: token.claims },
  };
}

/** Why a join failed. Only an unreachable coordinator is worth trying again unchanged. */
export type JoinFailure = 'token-refused' | 'name-taken' | 'wrong-server' | 'not-granted' | 'unreachable';

/** A join that failed, in one sentence for a person. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
  readonly failure: JoinFailure;

  constructor(failure: JoinFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** What a join asks for, of whom. */
export interface JoinRequest {
  /** As the person wrote it, `https://coord.example.com`. */
  readonly server: string;
  readonly token: JoinToken;
  readonly offered: Offered;
}

/** Effects of a join. */
export interface JoinEffects {
  readonly connect: (base: string, trust: Trust) => Sender & { close(): void };
  readonly random: RandomBytes;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal: AbortSignal;
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'utf8'), Buffer.from(b, 'utf8')];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Sends one of the two requests and reads what a granted one answers. */
async function ask<T extends z.ZodType>(
  effects: JoinEffects,
  base: string,
  trust: Trust,
  path: string,
  json: unknown,
  schema: T,
): Promise<z.infer<T>> {
  const client = effects.connect(base, trust);
  const request: HttpsRequest = { method: 'POST', path, json, signal: effects.signal };
  let answer: HttpsResponse;
  try {
    answer = await client.send(request);
  } catch (error) {
    if (isCertificateError(error)) {
      throw new JoinError('wrong-server', `${base} has no certificate of this mesh's CA (${failureText(error)})`);
    }
    throw new JoinError('unreachable', `${base} cannot be reached: ${failureText(error)}`);
  } finally {
    client.close();
  }
  return granted(base, answer, schema);
}

function granted<T extends z.ZodType>(base: string, answer: HttpsResponse, schema: T): z.infer<T> {
  const { status, body } = answer;
  if (status === 200 || status === 201) {
    const parsed = schema.safeParse(parseJson(body));
    if (parsed.success) return parsed.data;
    throw new JoinError('wrong-server', `${base} does not answer as a TunnelMesh coordinator does`);
  }
  const reason = refusalText(status, body);
  if (status === 401 || status === 403) throw new JoinError('token-refused', `${base} refused the token: ${reason}`);
  if (status === 409) throw new JoinError('name-taken', `${base} refused the name: ${reason}`);
  if (status === 404 || status === 405)
    throw new JoinError('wrong-server', `${base} is not a TunnelMesh coordinator: ${reason}`);
  if (status === 429 || status >= 500) throw new JoinError('unreachable', `${base} cannot answer now: ${reason}`);
  throw new JoinError('not-granted', `${base} did not grant the join: ${reason}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/**
 * Joins, once.
 * @returns what to keep; the token is needed no more
 * @throws JoinError
 */
export async function joinOnce(request: JoinRequest, effects: JoinEffects): Promise<Membership> {
  const base = coordinatorUrl(request.server);
  const { offered } = request;
  const key = joinKey(request.token);
  const nonce = hex.encode(effects.random(NONCE_BYTES));
  const hello = await ask(
    effects,
    base,
    { nobodyYet: true },
    PEER_PATHS.hello,
    { joiner: offered.joiner, nonce },
    helloResponseSchema,
  );
  if (!sameText(caProof(key, nonce, hello.ca), hello.proof)) {
    throw new JoinError(
      'token-refused',
      `${base} does not know this token: either the token is wrong or this is another mesh's coordinator`,
    );
  }
  const offer = { ...offered, nonce: hello.nonce };
  const place = await ask(
    effects,
    base,
    { ca: hello.ca, name: COORDINATOR_NAME },
    PEER_PATHS.join,
    { offer, proof: joinProof(key, offer) },
    joinResponseSchema,
  );
  return { ...place, ca: hello.ca, offered };
}

/**
 * Joins, trying again for as long as the coordinator cannot be reached, and saying so.
 * @returns `undefined` when the signal ended the waiting
 * @throws JoinError for every other failure
 */
export async function joinCoordinator(request: JoinRequest, effects: JoinEffects): Promise<Membership | undefined> {
  const backoff = new Backoff(RECONNECT_BOUNDS, effects.random);
  const over = (): boolean => effects.signal.aborted;
  while (!over()) {
    try {
      return await joinOnce(request, effects);
    } catch (error) {
      if (over()) return undefined;
      if (!(error instanceof JoinError) || error.failure !== 'unreachable') throw error;
      const waitMs = backoff.next();
      effects.log.warn('cannot join yet, trying again', { reason: error.message, wait_ms: waitMs });
      await effects.clock.sleep(waitMs, effects.signal);
    }
  }
  return undefined;
}
