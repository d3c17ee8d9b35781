/** How many reserved addresses a mesh asks for, and how many it may have. */
import type { ReservedAddressLimitProps } from '../constructs/reserved-address-limit.ts';
import type { MeshFile } from '../mesh/mesh-file.ts';

/** Counted over all stacks: the limit is the account's. */
export function reservedAddresses({ nodes, reserved_ip_limit }: MeshFile): ReservedAddressLimitProps {
  const wanted = Array.from(nodes.values()).filter((node) => node.reserved_ip).length;
  return { wanted, limit: reserved_ip_limit };
}
