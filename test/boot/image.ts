/**
 * A Debian 13 as DigitalOcean's image is one, as far as our user data meets it: systemd, cloud-init, and the packages that
 * a node's install script asks for, so that it finds them there instead of needing a package mirror.
 */
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isThere } from '../../host/files.ts';
import { run } from '../../host/run.ts';
import { PACKAGES } from '../../templates/install.ts';

const SUITE = 'trixie';

/** What a droplet has from the start, and wireguard-go for machines whose kernel has no WireGuard. */
const SYSTEM_PACKAGES = [
  'cloud-init',
  'dbus',
  'iproute2',
  'iputils-ping',
  'procps',
  'systemd',
  'systemd-sysv',
  'wireguard-go',
];

/** The metadata come from a directory, and the network is there before the machine (cloud-init's NoCloud datasource). */
const CLOUD_CONFIG = 'datasource_list: [NoCloud]\nnetwork: {config: disabled}\n';

/** How long downloading may take on a slow line, in milliseconds. */
const DOWNLOAD_TIMEOUT_MS = 15 * 60_000;

const NO_QUESTIONS = { DEBIAN_FRONTEND: 'noninteractive' };

/** The recipe's changes make another image. */
function recipe(): string {
  const text = JSON.stringify([SUITE, SYSTEM_PACKAGES, PACKAGES, CLOUD_CONFIG]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

/**
 * The image's root directory, made now if it was never made, which takes some minutes and a package mirror. It lies in the
 * user's cache (XDG Base Directory Specification) and must not be written to.
 */
export async function debianImage(cache = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache')): Promise<string> {
  const directory = join(cache, 'tunnelmesh');
  const image = join(directory, `${SUITE}-${recipe()}`);
  if (await isThere(image)) return image;
  const part = `${image}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  try {
    await make(part);
    await rename(part, image);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return image;
}

async function make(root: string): Promise<void> {
  await run(['debootstrap', '--variant=minbase', SUITE, root], { timeoutMs: DOWNLOAD_TIMEOUT_MS });
  // cloud-init's dependencies are complete only with security's suite, on the mirror that debootstrap chose.
  const sources = join(root, 'etc/apt/sources.list');
  const [, mirror = ''] = (await readFile(sources, 'utf8')).split(' ');
  const security = `deb ${mirror.replace(/\/$/, '')}-security ${SUITE}-security main\n`;
  await writeFile(sources, `deb ${mirror} ${SUITE} main\n${security}`);
  await copyFile('/etc/resolv.conf', join(root, 'etc/resolv.conf'));
  const inside = async (...argv: readonly string[]): Promise<void> => {
    await run(['chroot', root, ...argv], { timeoutMs: DOWNLOAD_TIMEOUT_MS, env: NO_QUESTIONS });
  };
  await inside('apt-get', 'update');
  await inside('apt-get', 'install', '--yes', '--no-install-recommends', ...SYSTEM_PACKAGES, ...PACKAGES);
  await inside('apt-get', 'clean');
  await inside('systemctl', 'mask', 'systemd-networkd-wait-online.service');
  await writeFile(join(root, 'etc/cloud/cloud.cfg.d/99-lab.cfg'), CLOUD_CONFIG);
  await writeFile(join(root, 'etc/resolv.conf'), '');
}
