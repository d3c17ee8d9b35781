/** How many reserved addresses a mesh asks for, and how many it may have. */
import type { ReservedAddressLimitProps } from '../constructs/reserved-address-limit.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';
import { type MeshLock, retiredNodes } from '../mesh/mesh-lock.ts';

/**
 * Counted over all stacks, for the limit is the account's, and with those of retired nodes.
 * @param lock - as it is after this mesh
 */
export function reservedAddresses(mesh: MeshFile, lock: MeshLock): ReservedAddressLimitProps {
  const holders = [...mesh.nodes.values(), ...retiredNodes(lock, mesh)];
  return { wanted: holders.filter((node) => node.reserved_ip).length, limit: mesh.reserved_ip_limit };
}
