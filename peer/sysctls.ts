/**
 * The two kernel settings of our devices (Documentation/networking/ip-sysctl.rst). Both are set on the devices alone:
 * whether and how the machine forwards between its other devices stays as its owner wants it.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where the kernel keeps the settings of IPv4 devices. */
export const IPV4_SETTINGS = '/proc/sys/net/ipv4/conf';

/** One setting of one device. */
export interface Sysctl {
  readonly device: string;
  readonly setting: 'forwarding' | 'rp_filter';
  readonly value: '0' | '1' | '2';
}

/**
 * What our devices need. Replies to what came through the overlay may leave bare and the other way round, so the reverse
 * path check must be loose (2); off would not help, because the stricter of `all` (often 1) and the device's own is used.
 * A packet is forwarded when the device that it came in by says so; nothing that comes in by `tm0` ever is.
 */
export function deviceSysctls(gateway: boolean): Sysctl[] {
  const devices = gateway ? ['wg0', 'tm0', 'tmx'] : ['tm0', 'tmx'];
  return devices.flatMap((device): Sysctl[] => [
    { device, setting: 'rp_filter', value: '2' },
    { device, setting: 'forwarding', value: gateway && device !== 'tm0' ? '1' : '0' },
  ]);
}

/** Writes those settings that are not yet so: under a hardened unit /proc/sys is read-only and they were made so before. */
export async function applySysctls(settings: readonly Sysctl[], root = IPV4_SETTINGS): Promise<void> {
  for (const { device, setting, value } of settings) {
    const path = join(root, device, setting);
    if ((await readFile(path, 'utf8')).trim() === value) continue;
    try {
      await writeFile(path, value);
    } catch (error) {
      throw new Error(`net.ipv4.conf.${device}.${setting} must be ${value} and could not be written (${path})`, {
        cause: error,
      });
    }
  }
}
