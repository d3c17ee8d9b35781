/**
 * The data plane as the rest of the peer sees it: devices, routes, firewall and resolver behind one door. The real one
 * drives the kernel; the simulated one keeps the same tables in memory for machines that cannot make namespaces.
 */
import type { Ipv4 } from '../mesh/ipv4.ts';
import type { PublicKey } from '../mesh/key.ts';
import type { MeshState } from '../mesh/state.ts';
import type { Touched } from '../mesh/replica.ts';

/** How old a handshake may be whose session can still carry data (REJECT_AFTER_TIME of the WireGuard paper, §6.1). */
export const SESSION_SECONDS = 180;

/** What a WireGuard device knows about one client. */
export interface Handshake {
  readonly key: PublicKey;
  /** Seconds since 1970 by this machine's clock; 0 when there was none. */
  readonly lastHandshakeSeconds: number;
  readonly endpoint: string | null;
  readonly receivedBytes: number;
  readonly sentBytes: number;
}

/** How the devices are made. */
export type DeviceKind = 'kernel' | 'wireguard-go' | 'simulated';

/** Call order: `start` once, then anything, `close` last. Calls are queued: one change is applied at a time. */
export interface DataPlane {
  readonly kind: DeviceKind;
  /** Makes (or adopts) devices, routing rules, firewall and resolver. Idempotent. */
  start(): Promise<void>;
  /** Brings what was touched to what the state says; resolves once it is on the devices. Minimal: other entries are not rewritten. */
  apply(state: MeshState, touched: Touched): Promise<void>;
  /** Sources seen on `wg0` since the last call that are not attached here. */
  newcomers(): Promise<readonly Ipv4[]>;
  /** The clients' device, dumped whole. */
  handshakes(): Promise<readonly Handshake[]>;
  /** Says whether all devices that `start` made still exist. */
  intact(): Promise<boolean>;
  /** Takes the devices away first, then rules, routes, resolver and firewall. */
  close(): Promise<void>;
}
