/**
 * A mesh booted from the user data that Terraform would send, nothing changed but what Terraform itself fills in: a real
 * Debian 13 with its own systemd and cloud-init installs the real artifact, and a standard device connects.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { systemClock } from '../../host/clock.ts';
import { RESOLVCONF_PROGRAM } from '../../lab/host-programs.ts';
import { parseYaml } from '../../mesh/yaml.ts';
import { MACHINE_PATHS } from '../../templates/install.ts';
import { VERSION } from '../../scripts/version.ts';
import { fileIn, synthesizeMesh, userDataOf } from '../terraform/synthesis.ts';
import { debianImage } from './image.ts';
import { Internet } from './internet.ts';
import { leftIn, ownPrefix } from './leftovers.ts';
import { Machine, removeLeftGroups } from './machine.ts';

const CHECKOUT = fileURLToPath(new URL('../..', import.meta.url));
const ARTIFACT = join(CHECKOUT, 'dist', `tunnelmesh-${VERSION}.tar.gz`);
const AUTH_TOKEN = randomBytes(32).toString('hex');

const GATEWAYS = ['wg-eu', 'wg-us'] as const;
const NODES = ['coordinator', ...GATEWAYS] as const;
const NODE_MAP = {
  nodes: {
    coordinator: { coordinator: true, peer: true, region: 'ams3' },
    'wg-eu': { peer: true, wireguard: true, region: 'fra1' },
    'wg-us': { peer: true, wireguard: true, region: 'nyc3' },
  },
};

const DEVICE = { name: 'phone', address: '203.0.113.100' };
const DEVICE_RESOLVCONF = '/usr/local/bin/resolvconf';

/** The image is made once, and may have to be downloaded. */
const IMAGE_TIMEOUT_MS = 30 * 60_000;
const BOOT_TIMEOUT_MS = 3 * 60_000;
jest.setTimeout(BOOT_TIMEOUT_MS);

/** Highest exposure that `systemd-analyze security` may find, of 10; it rates what is below as OK or better. */
const MAX_EXPOSURE = 3;

/** The address of a node, which nothing but its user data says. */
function addressOf(name: string, userData: string): string {
  const isCoordinator = name === 'coordinator';
  const path = `${MACHINE_PATHS.configuration}/${isCoordinator ? 'server' : 'peer'}.yaml`;
  const file = parseYaml(fileIn(userData, path), path) as Record<string, { mesh?: { endpoint: string } }>;
  const { mesh } = (isCoordinator ? file['join_mesh'] : file) as { mesh: { endpoint: string } };
  return mesh.endpoint.replace(/:\d+$/, '');
}

describe('a mesh booted from its synthesized user data', () => {
  const machines = new Map<string, Machine>();
  /** What is to be done at the end, however far the beginning came. */
  const opened: (() => Promise<void>)[] = [];
  let directory: string;
  let image: string;
  let internet: Internet;
  let userData: ReadonlyMap<string, string>;
  let switchedOn: number;

  function machine(name: string): Machine {
    const found = machines.get(name);
    if (!found) throw new Error(`there is no machine ${name}`);
    return found;
  }

  /** Switches a machine on; a node gets its user data. */
  async function boot(name: string, address?: string): Promise<void> {
    const data = userData.get(name) ?? null;
    const settings = {
      name,
      image,
      userData: data,
      address: address ?? addressOf(name, data ?? ''),
      directory: join(directory, name),
    };
    machines.set(name, await Machine.boot(internet, settings));
  }

  /** Runs the operator's `tunnelmesh`, on a computer of their own. */
  function operator(...args: readonly string[]): Promise<{ readonly stdout: string }> {
    return internet.run([process.execPath, join(CHECKOUT, 'dist', 'tunnelmesh.mjs'), ...args], {
      env: { TUNNELMESH_HOME: join(directory, 'operator'), TUNNELMESH_TOKEN: AUTH_TOKEN },
    });
  }

  /** Waits until a node is part of the mesh. */
  function untilUp(name: string): Promise<void> {
    return machine(name).until(['sh', '-c', 'tunnelmesh status | grep -q "connected since"'], BOOT_TIMEOUT_MS);
  }

  function publicKey(gateway: string): Promise<string> {
    return machine(gateway)
      .run(['wg', 'show', 'wg0', 'public-key'])
      .then(({ stdout }) => stdout.trim());
  }

  /** Connects the device by its file for a gateway, and waits until the coordinator answers through it. */
  async function connect(gateway: string): Promise<void> {
    const phone = machine(DEVICE.name);
    await phone.run(['wg-quick', 'up', gateway], { timeoutMs: 30_000 });
    await phone.until(['ping', '-c', '1', '-W', '1', '172.30.0.1'], 30_000);
  }

  function disconnect(gateway: string): Promise<unknown> {
    return machine(DEVICE.name).run(['wg-quick', 'down', gateway], { timeoutMs: 30_000 });
  }

  beforeAll(async () => {
    const artifact = createHash('sha256')
      .update(await readFile(ARTIFACT))
      .digest('hex');
    const variables = { auth_token: AUTH_TOKEN, artifact_url: Internet.artifactUrl, artifact_sha256: artifact };
    userData = userDataOf(await synthesizeMesh(NODE_MAP), variables);
    image = await debianImage();
    await removeLeftGroups();
    for (const folder of await leftIn(tmpdir())) await rm(join(tmpdir(), folder), { recursive: true });
    internet = await Internet.open(ARTIFACT);
    opened.push(() => internet.close());
    directory = await mkdtemp(join(tmpdir(), ownPrefix()));
    opened.push(() => rm(directory, { recursive: true }));
    await boot(DEVICE.name, DEVICE.address);
    switchedOn = systemClock.monotonic();
    for (const name of NODES) await boot(name);
    for (const name of NODES) await untilUp(name);
    await writeFile(
      join(directory, 'ca.pem'),
      await readFile(join(machine('coordinator').volume, 'coordinator/ca.pem')),
    );
    const server = `https://${addressOf('coordinator', userData.get('coordinator') ?? '')}`;
    await operator('context', 'create', 'boot', '--server', server, '--ca', join(directory, 'ca.pem'));
    await operator('client', 'add', DEVICE.name, '--out', join(directory, 'files'), '--qr', 'none', '--wait');
    const phone = machine(DEVICE.name);
    await phone.run(['tee', DEVICE_RESOLVCONF], { input: RESOLVCONF_PROGRAM });
    await phone.run(['chmod', '755', DEVICE_RESOLVCONF]);
    await phone.run(['mkdir', '-p', '/run/lab', '/etc/wireguard']);
    for (const gateway of GATEWAYS) {
      const file = await readFile(join(directory, 'files', `${gateway}.conf`), 'utf8');
      await phone.run(['tee', `/etc/wireguard/${gateway}.conf`], { input: file });
    }
  }, IMAGE_TIMEOUT_MS);

  afterAll(async () => {
    for (const one of machines.values()) await one.destroy();
    for (const one of opened) await one();
  });

  it('lets a standard device connect through each gateway', async () => {
    for (const gateway of GATEWAYS) {
      await connect(gateway);
      const seconds = ((systemClock.monotonic() - switchedOn) / 1000).toFixed(1);
      process.stdout.write(
        `${gateway}: the device reached the mesh ${seconds} s after the machines were switched on\n`,
      );
      await disconnect(gateway);
    }
  });

  it.each(NODES)('brings %s up without a unit that failed or a daemon that had to be started again', async (name) => {
    const { stdout: failed } = await machine(name).run([
      'systemctl',
      'list-units',
      '--failed',
      '--plain',
      '--no-legend',
    ]);
    expect(failed).toBe('');
    const { stdout: restarts } = await machine(name).run([
      'systemctl',
      'show',
      '-P',
      'NRestarts',
      'tunnelmesh.service',
    ]);
    expect(restarts).toBe('0');
  });

  it.each(NODES)('gives %s user data that its cloud-init accepts', async (name) => {
    const file = '/var/lib/cloud/seed/nocloud/user-data';
    const { stdout } = await machine(name).run(['cloud-init', 'schema', '--config-file', file]);
    expect(stdout).toContain('Valid schema');
  });

  it.each(NODES)('confines the daemon of %s', async (name) => {
    const unit = '/etc/systemd/system/tunnelmesh.service';
    const argv = ['systemd-analyze', 'security', '--offline=yes', '--no-pager', unit] as const;
    const { stdout } = await machine(name).run(argv);
    expect(Number(/exposure level for \S+: ([0-9.]+)/.exec(stdout)?.[1])).toBeLessThan(MAX_EXPOSURE);
  });

  it('re-creates a gateway with its identity, so that configurations in use keep working', async () => {
    const [gateway] = GATEWAYS;
    const key = await publicKey(gateway);
    await connect(gateway);
    await machine(gateway).destroy();
    machines.delete(gateway);
    const began = systemClock.monotonic();
    await boot(gateway);
    await untilUp(gateway);
    expect(await publicKey(gateway)).toBe(key);
    await machine(DEVICE.name).until(['ping', '-c', '1', '-W', '1', '172.30.0.1'], BOOT_TIMEOUT_MS);
    const seconds = ((systemClock.monotonic() - began) / 1000).toFixed(1);
    process.stdout.write(`${gateway}: re-created; the device reached the mesh again after ${seconds} s\n`);
    await disconnect(gateway);
  });

  it('takes memory, which is printed', async () => {
    for (const name of NODES) {
      const { stdout } = await machine(name).run(['ps', '-C', 'node,wireguard-go,dnsmasq', '-o', 'comm=,rss=']);
      const lines = stdout
        .trim()
        .split('\n')
        .map((line) => line.trim().split(/\s+/));
      expect(lines.map(([program]) => program)).toContain('node');
      const megabytes = lines.map(
        ([program, kilobytes]) => `${String(program)} ${(Number(kilobytes) / 1024).toFixed(0)} MB`,
      );
      process.stdout.write(`${name}: ${megabytes.join(', ')} resident\n`);
    }
  });
});
