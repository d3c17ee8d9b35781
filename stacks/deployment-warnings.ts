/** What a mesh file asks for that may well fail, though nobody here can be sure: synthesis says so and goes on. */
import { tooManyReservedAddresses } from '../constructs/reserved-address-limit.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';
import type { MeshLock } from '../mesh/mesh-lock.ts';
import { unknownOffers } from './known-offer.ts';
import { reservedAddresses } from './reserved-addresses.ts';

/** A coordinator that every peer knows by an address that goes with its droplet. */
function fleetingCoordinators({ nodes, domain }: MeshFile): readonly string[] {
  return Array.from(nodes.values())
    .filter((node) => domain === null && node.coordinator && !node.reserved_ip)
    .map(
      ({ name }) =>
        `${name} has neither a reserved IP nor a domain: once its droplet is replaced, no peer finds the coordinator again.`,
    );
}

/** One sentence or two for each. */
export function deploymentWarnings(mesh: MeshFile, lock: MeshLock): readonly string[] {
  const reserved = reservedAddresses(mesh, lock);
  return [
    ...(reserved.wanted > reserved.limit ? [tooManyReservedAddresses(reserved)] : []),
    ...fleetingCoordinators(mesh),
    ...unknownOffers(mesh),
  ];
}
