/** What a mesh file asks for that may well fail, though nobody here can be sure: synthesis says so and goes on. */
import { tooManyReservedAddresses } from '../constructs/reserved-address-limit.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';
import { reservedAddresses } from './reserved-addresses.ts';

/** One sentence or two for each. */
export function deploymentWarnings(mesh: MeshFile): readonly string[] {
  const reserved = reservedAddresses(mesh);
  return reserved.wanted > reserved.limit ? [tooManyReservedAddresses(reserved)] : [];
}
