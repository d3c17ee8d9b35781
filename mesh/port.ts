/** UDP ports of a peer's devices. */

/** `wg0` unless configured; WireGuard's customary port (wg-quick(8)). */
export const WIREGUARD_PORT = 51820;

/** `tm0` unless configured. */
export const MESH_PORT = 51821;

/** `tmx`: VXLAN-GPE inside `tm0` (IANA service name `vxlan-gpe`). Its socket is bound on every address of the machine. */
export const OVERLAY_PORT = 4790;
