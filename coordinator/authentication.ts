/** Who asks: the operator by the operator's token, a peer by its own credential, or nobody known. */
import { MeshError } from '../mesh/problem.ts';
import type { PeerRecord } from '../mesh/state.ts';
import { tokenVerifier } from '../mesh/token.ts';
import { sameText } from './join.ts';

/** Who may ask for something. `reader`: the operator and every peer. */
export type Access = 'anyone' | 'reader' | 'operator' | 'peer';

/** Who asks. */
export type Principal =
  { readonly kind: 'nobody' } | { readonly kind: 'operator' } | { readonly kind: 'peer'; readonly peer: PeerRecord };

/** What authentication is made of. */
export interface AuthenticationOptions {
  /** Verifier of the operator's token. */
  readonly verifier: string;
  readonly peerWithVerifier: (verifier: string) => PeerRecord | undefined;
}

/** RFC 6750 §2.1: the scheme in any case, one space, and a token of these characters. */
const BEARER_PATTERN = /^bearer ([A-Za-z0-9._~+/-]+=*)$/i;

/**
 * Who sent this `Authorization` header (RFC 9110 §11.6.2), and whether that is enough.
 * @throws MeshError `unauthorized` for a missing or wrong token, `forbidden` for somebody else's right one
 */
export function authenticate(header: string | undefined, access: Access, options: AuthenticationOptions): Principal {
  if (access === 'anyone') return { kind: 'nobody' };
  const principal = identify(header, options);
  switch (principal.kind) {
    case 'nobody':
      throw new MeshError(
        'unauthorized',
        header === undefined ? 'a token is needed: send "Authorization: Bearer TOKEN"' : 'this token is not known here',
      );
    case 'operator':
      if (access !== 'peer') return principal;
      throw new MeshError('forbidden', "this is between the coordinator and a peer; the operator's token opens it not");
    case 'peer':
      if (access !== 'operator') return principal;
      throw new MeshError(
        'forbidden',
        `a peer's credential ("${principal.peer.name}") is not enough; use the operator's token`,
      );
  }
}

function identify(header: string | undefined, options: AuthenticationOptions): Principal {
  const token = BEARER_PATTERN.exec(header ?? '')?.[1];
  if (token === undefined) return { kind: 'nobody' };
  const verifier = tokenVerifier(token);
  if (sameText(verifier, options.verifier)) return { kind: 'operator' };
  const peer = options.peerWithVerifier(verifier);
  return peer ? { kind: 'peer', peer } : { kind: 'nobody' };
}
