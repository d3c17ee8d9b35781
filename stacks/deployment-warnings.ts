/** What a mesh file asks for that may well fail, though nobody here can be sure: synthesis says so and goes on. */
import { tooManyReservedAddresses } from '../constructs/reserved-address-limit.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';
import type { MeshLock } from '../mesh/mesh-lock.ts';
import { unknownOffers } from './known-offer.ts';
import { reservedAddresses } from './reserved-addresses.ts';

/** One sentence or two for each. */
export function deploymentWarnings(mesh: MeshFile, lock: MeshLock): readonly string[] {
  const reserved = reservedAddresses(mesh, lock);
  return [...(reserved.wanted > reserved.limit ? [tooManyReservedAddresses(reserved)] : []), ...unknownOffers(mesh)];
}
