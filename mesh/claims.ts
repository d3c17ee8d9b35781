/**
 * What a node token vouches for: the node's roles and what it may declare. The text is part of the token's derivation
 * (see `token.ts`), so its form is fixed: fields in this order, lists sorted.
 */
import { type Cidr, isCidr } from './ipv4.ts';
import { isLabel, type Label } from './name.ts';

/** The claims of one node. */
export interface Claims {
  readonly coordinator: boolean;
  readonly wireguard: boolean;
  /** May carry clients' internet traffic. */
  readonly exit: boolean;
  /** Networks behind this node. */
  readonly routes: readonly Cidr[];
  /** Further DNS labels of this node. */
  readonly aliases: readonly Label[];
  /** Raised to replace the machine on purpose; a token of an earlier generation is no longer accepted. */
  readonly generation: number;
}

const CLAIMS_PATTERN = /^roles=([a-z,]*);routes=([0-9./,]*);aliases=([a-z0-9,-]*);generation=(0|[1-9][0-9]{0,8})$/;

/** The claims as text, `roles=coordinator,wireguard;routes=;aliases=;generation=0`. */
export function renderClaims(claims: Claims): string {
  const roles = (['coordinator', 'exit', 'wireguard'] as const).filter((role) => claims[role]);
  return [
    `roles=${roles.join(',')}`,
    `routes=${[...claims.routes].sort().join(',')}`,
    `aliases=${[...claims.aliases].sort().join(',')}`,
    `generation=${String(claims.generation)}`,
  ].join(';');
}

/** The claims that the text spells, or `undefined` unless it is exactly what {@link renderClaims} would write. */
export function parseClaims(text: string): Claims | undefined {
  const match = CLAIMS_PATTERN.exec(text);
  if (!match) return undefined;
  const [roles, routes, aliases] = [match[1], match[2], match[3]].map((list) => (list ? list.split(',') : []));
  if (!roles || !routes?.every(isCidr) || !aliases?.every(isLabel)) return undefined;
  const claims: Claims = {
    coordinator: roles.includes('coordinator'),
    wireguard: roles.includes('wireguard'),
    exit: roles.includes('exit'),
    routes,
    aliases,
    generation: Number(match[4]),
  };
  return renderClaims(claims) === text ? claims : undefined;
}
