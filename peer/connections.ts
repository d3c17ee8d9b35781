/** Connections that the kernel remembers for address translation (conntrack(8)): here, redirected DNS queries only. */
import type { Run } from '../host/run.ts';
import type { Cidr, Ipv4 } from '../mesh/ipv4.ts';

/** Addresses from which on one call for the whole mesh is cheaper; a DNS query in flight is then asked again. */
const SINGLY = 8;

/** Ends the remembered connections of clients that lost access. `conntrack` exits with 1 when there were none. */
export async function forgetConnections(run: Run, clients: readonly Ipv4[], mesh: Cidr): Promise<void> {
  const sources = clients.length > SINGLY ? [mesh] : clients;
  for (const source of sources) await run(['conntrack', '-D', '--src', source], { okExitCodes: [1] });
}
