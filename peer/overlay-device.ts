/**
 * `tmx`, the overlay inside `tm0`: a vxlan device without number, peers or addresses of its own (ip-link(8): `external`);
 * each route says where its packets go. In `gpe` mode it carries bare IP packets, no Ethernet frames.
 */
import type { Run } from '../host/run.ts';
import { WIREGUARD_MTU } from './wireguard-device.ts';

/** The device's name. */
export const OVERLAY_DEVICE = 'tmx';

/** UDP port of the overlay: the one that IANA has registered for VXLAN-GPE. */
export const OVERLAY_PORT = 4790;

/** 20 of IPv4, 8 of UDP and 8 of VXLAN-GPE go before each packet. */
export const OVERLAY_MTU = WIREGUARD_MTU - 36;

/** Makes the device unless it is there. */
export async function openOverlay(run: Run): Promise<void> {
  const { exitCode } = await run(['ip', 'link', 'show', OVERLAY_DEVICE], { okExitCodes: [1] });
  if (exitCode !== 0) {
    const kind = ['type', 'vxlan', 'external', 'gpe', 'dstport', String(OVERLAY_PORT)];
    await run(['ip', 'link', 'add', OVERLAY_DEVICE, 'mtu', String(OVERLAY_MTU), ...kind]);
  }
  await run(['ip', 'link', 'set', OVERLAY_DEVICE, 'up']);
}

/** Takes the device away. */
export async function closeOverlay(run: Run): Promise<void> {
  await run(['ip', 'link', 'delete', OVERLAY_DEVICE], { okExitCodes: [1] });
}
