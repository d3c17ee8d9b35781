/** What a proof found out, as data and as lines for a person. */

/** A name that a device looked up through its tunnel, and the answer. */
export interface NameProof {
  readonly name: string;
  readonly answer: string;
  readonly took_ms: number;
}

/** A device's way through one gateway. */
export interface GatewayProof {
  readonly gateway: string;
  /** From the end of `wg-quick up` to the first answer from the coordinator: handshake and attachment. */
  readonly first_answer_ms: number;
  /** Mean round trips. */
  readonly coordinator: { readonly address: string; readonly round_trip_ms: number };
  readonly peer: { readonly name: string; readonly address: string; readonly round_trip_ms: number };
  readonly names: readonly NameProof[];
}

/** How fast a client that is disabled, or enabled again, gets to feel it. */
export interface RevocationProof {
  readonly gateway: string;
  /** From the end of `tunnelmesh client disable` to the first ping that was lost; 0 when it was lost before. */
  readonly dead_after_acknowledgement_ms: number;
  /** The same from the start of the command. */
  readonly dead_after_command_ms: number;
  /** Enabled again, and switched off and on: from the end of `wg-quick up` to the first answer. */
  readonly first_answer_after_enable_ms: number;
}

/** A second client that nobody touched while all this was done to the first. */
export interface BystanderProof {
  readonly gateway: string;
  readonly answered: number;
  readonly lost: number;
}

/** Everything. */
export interface Proof {
  readonly proved: boolean;
  /** What was not as it must be, one sentence each. */
  readonly failures: readonly string[];
  readonly client: {
    readonly name: string;
    readonly address: string;
    readonly files: readonly { readonly gateway: string; readonly config: string }[];
  } | null;
  readonly gateways: readonly GatewayProof[];
  readonly revocation: RevocationProof | null;
  readonly bystander: BystanderProof | null;
}

/** Longest time from a disable's acknowledgement to a dead tunnel, in milliseconds. */
export const REVOCATION_LIMIT_MS = 1000;

const ms = (value: number): string => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;

/** What one gateway showed, in a line. */
export function renderGatewayProof(proof: GatewayProof): string {
  const names = proof.names.map(({ name, answer }) => `${name} = ${answer}`).join(', ');
  return (
    `${proof.gateway}: first answer after ${ms(proof.first_answer_ms)}; ` +
    `coordinator ${proof.coordinator.address} in ${ms(proof.coordinator.round_trip_ms)}, ` +
    `${proof.peer.name} ${proof.peer.address} in ${ms(proof.peer.round_trip_ms)}; ${names}`
  );
}

/** What the revocation showed, in a line. */
export function renderRevocationProof(proof: RevocationProof): string {
  return (
    `disabled at ${proof.gateway}: tunnel dead ${ms(proof.dead_after_acknowledgement_ms)} after the acknowledgement ` +
    `(${ms(proof.dead_after_command_ms)} after the command was given); enabled: first answer after ${ms(proof.first_answer_after_enable_ms)}`
  );
}

/** What the bystander showed, in a line. */
export function renderBystanderProof(proof: BystanderProof): string {
  return `a second client at ${proof.gateway} meanwhile: ${String(proof.answered)} pings answered, ${String(proof.lost)} lost`;
}
