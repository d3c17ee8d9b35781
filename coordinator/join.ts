/**
 * The join (`mesh/join.ts`): a machine that knows a credential of the mesh becomes a peer with a credential of its own.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../host/clock.ts';
import type { Log } from '../host/log.ts';
import { type Claims, parseClaims } from '../mesh/claims.ts';
import { hex } from '../mesh/hex.ts';
import {
  caProof,
  type HelloRequest,
  type HelloResponse,
  type Joiner,
  type JoinOffer,
  joinProof,
  type JoinRequest,
  type JoinResponse,
} from '../mesh/join.ts';
import type { RandomBytes } from '../mesh/key.ts';
import { RESERVED_LABELS } from '../mesh/name.ts';
import { MeshError, type Problem, ProblemsError } from '../mesh/problem.ts';
import { nodeToken, tokenVerifier } from '../mesh/token.ts';
import { JoinNonces } from './join-nonces.ts';
import type { Admission } from './peers.ts';
import { RateLimit } from './rate-limit.ts';
import type { Registry } from './registry.ts';
import { isLoopback, seenEndpoint } from './source-address.ts';

/** Bits of a peer's own credential, in bytes; on the wire it is twice as many hexadecimal digits. */
const CREDENTIAL_BYTES = 32;

/** How often one source may say hello or join: a whole fleet behind one address at once, then one machine a second. */
const JOIN_RATE = { burst: 120, perSecond: 2 };

/** What the join works with. */
export interface JoinOptions {
  readonly registry: Registry;
  readonly joinRoot: string;
  /** The mesh CA, PEM. */
  readonly ca: string;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Address of this machine as others reach it, for its own peer, which joins from loopback. */
  readonly outward: () => string | undefined;
  /** Whether the peer is at work at this moment. */
  readonly isAlive: (peer: string) => boolean;
  /** The peer has a new credential: who came with the old one must go. */
  readonly onJoined: (peer: string) => void;
}

/** See the file's comment. `source` is the joiner's address as the socket has it. */
export class Join {
  readonly #options: JoinOptions;
  readonly #nonces: JoinNonces;
  readonly #limit = new RateLimit(JOIN_RATE);

  constructor(options: JoinOptions) {
    this.#options = options;
    this.#nonces = new JoinNonces(options.random);
  }

  /** Proves to the joiner that this is the CA of the mesh in which its credential means something. */
  hello(request: HelloRequest, source: string): HelloResponse {
    const { ca, clock } = this.#options;
    this.#limit.spend(source, clock.monotonic());
    const { credential } = this.#read(request.joiner);
    return { nonce: this.#nonces.issue(clock.monotonic()), ca, proof: caProof(credential, request.nonce, ca) };
  }

  /** Takes the joiner in. @throws MeshError when its proof is wrong or the registry refuses it */
  async join({ offer, proof }: JoinRequest, source: string): Promise<JoinResponse> {
    const { clock, random, registry, log } = this.#options;
    this.#limit.spend(source, clock.monotonic());
    const { credential, claims } = this.#read(offer.joiner);
    if (!sameText(proof, joinProof(credential, offer))) {
      throw new MeshError('unauthorized', `"${offer.joiner.name}" did not prove that it knows a token of this mesh`);
    }
    if (!this.#nonces.use(offer.nonce, clock.monotonic())) {
      throw new MeshError(
        'unauthorized',
        'the nonce is not one that was given out in the last minute and not used since',
      );
    }
    const own = hex.encode(random(CREDENTIAL_BYTES));
    const before = registry.peers.named(offer.joiner.name);
    const admission = this.#admission(offer, claims, source, tokenVerifier(own));
    const { result: peer } = await registry.admitPeer(admission, this.#options.isAlive);
    this.#options.onJoined(peer.id);
    const newKey = before !== undefined && before.mesh_public_key !== peer.mesh_public_key;
    log[newKey ? 'warn' : 'info'](newKey ? 'a peer was replaced by one with another key' : 'a peer joined', {
      name: peer.name,
      address: peer.address,
      from: source,
      kind: offer.joiner.credential.kind,
    });
    return { id: peer.id, address: peer.address, credential: own, mesh: registry.mesh };
  }

  /** The secret that the joiner must know, and the claims that it was made for. */
  #read(joiner: Joiner): { credential: string; claims: Claims | null } {
    const { joinRoot } = this.#options;
    const problems: Problem[] = [];
    if (RESERVED_LABELS.includes(joiner.name)) {
      problems.push({ path: 'joiner.name', given: joiner.name, allowed: `any name but ${RESERVED_LABELS.join(', ')}` });
    }
    if (joiner.credential.kind === 'operator') {
      if (problems.length > 0) throw new ProblemsError('request body', problems);
      return { credential: joinRoot, claims: null };
    }
    const text = joiner.credential.claims;
    const claims = parseClaims(text);
    if (!claims) {
      const allowed = 'claims as in the token, such as roles=wireguard;routes=;aliases=;generation=0';
      problems.push({ path: 'joiner.credential.claims', given: text, allowed });
    }
    if (!claims || problems.length > 0) throw new ProblemsError('request body', problems);
    return { credential: nodeToken(joinRoot, joiner.name, text), claims };
  }

  #admission(offer: JoinOffer, claims: Claims | null, source: string, verifier: string): Admission {
    if (claims && offer.wireguard && !claims.wireguard) {
      throw new MeshError('forbidden', `the token of "${offer.joiner.name}" is not for a peer with WireGuard enabled`);
    }
    const seen = (port: number): string => seenEndpoint(source, this.#options.outward(), port);
    return {
      name: offer.joiner.name,
      aliases: claims?.aliases ?? null,
      coordinator: claims ? claims.coordinator : isLoopback(source) ? 'if-none' : 'as-before',
      mesh_public_key: offer.mesh_public_key,
      mesh_endpoint: offer.mesh_endpoint ?? seen(offer.mesh_port),
      wireguard: offer.wireguard && {
        ...offer.wireguard,
        endpoint: offer.wireguard.endpoint ?? seen(offer.wireguard.listen_port),
      },
      generation: claims?.generation ?? null,
      verifier,
    };
  }
}

/** Compares without telling by its timing where two texts differ, whatever their lengths. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
