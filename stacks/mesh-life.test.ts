/** What becomes of resources as the map changes from one deployment to the next. */
import { describe, expect, it } from '@jest/globals';
import { type StackConfiguration, synthesizeMesh } from '../test/terraform/synthesis.ts';

const HUB = { coordinator: true };
const AMERICAN = { wireguard: true, region: 'nyc3' };
const EUROPEAN = { wireguard: true, region: 'fra1' };

const { lock } = await synthesizeMesh({ nodes: { hub: HUB, 'wg-us': AMERICAN, 'wg-eu': EUROPEAN } });

/** The stack after the map changed. */
async function after(document: object, name = 'gateway-nyc3'): Promise<StackConfiguration> {
  const stack = (await synthesizeMesh(document, lock)).stacks.get(name);
  if (!stack) throw new Error(`no stack ${name}`);
  return stack;
}

const KEPT = {
  digitalocean_volume: {
    'wg-us': {
      name: 'tunnelmesh-wg-us',
      region: 'nyc3',
      size: 1,
      initial_filesystem_type: 'ext4',
      lifecycle: { prevent_destroy: true },
    },
  },
  digitalocean_reserved_ip: { 'wg-us': { region: 'nyc3', lifecycle: { prevent_destroy: true } } },
};

describe('a region that lost its last node', () => {
  it('keeps its stack, with state and provider and nothing else, so that Terraform destroys what was there', async () => {
    const { resource, provider, terraform } = await after({
      nodes: { hub: HUB, 'wg-eu': EUROPEAN },
      forgotten: ['wg-us'],
    });
    expect(resource).toBeUndefined();
    expect(provider).toEqual({ digitalocean: [{}] });
    expect(terraform['backend']).toEqual({ local: { path: '../../../terraform.gateway-nyc3.tfstate' } });
  });
});

describe('a coordinator that moved elsewhere', () => {
  it('leaves its stack behind, empty', async () => {
    const change = {
      nodes: { 'wg-us': AMERICAN, 'wg-eu': EUROPEAN },
      external_coordinator_url: 'https://coord.example.com',
      forgotten: ['hub'],
    };
    const { resource, output } = await after(change, 'coordinator');
    expect([resource, output]).toEqual([undefined, undefined]);
  });
});

describe('a retired node', () => {
  const retired = { nodes: { hub: HUB, 'wg-eu': EUROPEAN }, retired: ['wg-us'] };

  it('is its volume and its address, protected, and nothing else', async () => {
    expect((await after(retired)).resource).toMatchObject(KEPT);
    expect(Object.keys((await after(retired)).resource)).toEqual(['digitalocean_reserved_ip', 'digitalocean_volume']);
  });

  it('comes back to them', async () => {
    const { resource } = await after({ nodes: { hub: HUB, 'wg-us': AMERICAN, 'wg-eu': EUROPEAN } });
    expect(resource).toMatchObject(KEPT);
    expect(resource['digitalocean_droplet']).toHaveProperty('wg-us');
  });

  it('can be taken down with the rest once the mesh is protected no more', async () => {
    const { resource } = await after({ ...retired, protect: false });
    expect(resource['digitalocean_volume']?.['wg-us']).toMatchObject({ lifecycle: { prevent_destroy: false } });
  });

  it('still counts among the reserved addresses of the account', async () => {
    expect((await after(retired)).locals).toMatchObject({ reserved_ips: 3 });
  });
});

describe('a node that vanished', () => {
  it('stops synthesis', async () => {
    await expect(synthesizeMesh({ nodes: { hub: HUB, 'wg-eu': EUROPEAN } }, lock)).rejects.toThrow(
      /^mesh\.yaml: 1 problem\n {2}nodes\.wg-us: missing; allowed: /,
    );
  });
});
