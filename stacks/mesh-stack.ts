/** What every stack of a mesh has: state, provider, the operator's token, nodes, and the outputs about its gateways. */
import { DigitaloceanProvider } from '@cdktf/provider-digitalocean/lib/provider/index.js';
import { TerraformOutput, TerraformStack } from 'cdktf';
import type { Construct } from 'constructs';
import { ArtifactSource } from '../constructs/artifact-source.ts';
import { MeshDomain } from '../constructs/mesh-domain.ts';
import { MeshSecrets } from '../constructs/mesh-secrets.ts';
import { DigitalOceanNode, type MeshSettings } from '../constructs/node.ts';
import { PrivateNetwork } from '../constructs/private-network.ts';
import { ProjectMembership } from '../constructs/project-membership.ts';
import { ReservedAddressLimit } from '../constructs/reserved-address-limit.ts';
import { RetiredNode } from '../constructs/retired-node.ts';
import { claimsOfNode, type MeshFile, type MeshNode } from '../mesh/mesh-file.ts';
import type { LockedNode, MeshLock } from '../mesh/mesh-lock.ts';
import type { Label } from '../mesh/name.ts';
import { reservedAddresses } from './reserved-addresses.ts';
import { stateBackend } from './state-backend.ts';

/**
 * The bindings were made for 2.71; before 2.95 the provider assigns a reserved address without waiting for what the
 * droplet is still busy with. The arguments that are used here exist, unchanged, in both.
 */
const PROVIDER_VERSION = '~> 2.95';

/** The backend's `endpoints` are there from 1.6 on, which is also OpenTofu's first version. */
const TERRAFORM_VERSION = '>= 1.6';

/** What a stack is made from: the whole mesh, and those of its nodes, present and retired, that belong here. Both may be none. */
export interface MeshStackProps {
  readonly mesh: MeshFile;
  /** The lock as it is after this mesh. */
  readonly lock: MeshLock;
  readonly nodes: readonly MeshNode[];
  readonly retired: readonly (LockedNode & { readonly name: Label })[];
}

/** Base of the coordinator's and the gateways' stacks. */
export abstract class MeshStack extends TerraformStack {
  protected readonly nodes: readonly DigitalOceanNode[];

  /** @param coordinatorUrl - what nodes other than the coordinator join; null in the coordinator's own stack */
  constructor(
    scope: Construct,
    id: string,
    { mesh, lock, nodes, retired }: MeshStackProps,
    coordinatorUrl: string | null,
  ) {
    super(scope, id);
    stateBackend(this, id, mesh);
    // The account's token comes from DIGITALOCEAN_TOKEN in the environment.
    new DigitaloceanProvider(this, 'digitalocean', {});
    this.addOverride('terraform.required_version', TERRAFORM_VERSION);
    this.addOverride('terraform.required_providers.digitalocean.version', PROVIDER_VERSION);
    const settings: MeshSettings = {
      name: mesh.name,
      cidr: mesh.mesh_cidr,
      domainSuffix: mesh.domain_suffix,
      sshKeys: mesh.ssh_keys,
      sshFrom: mesh.ssh_from,
      artifact: new ArtifactSource(this, 'artifact', mesh.artifact).artifact,
      secrets: new MeshSecrets(this, 'secrets'),
      domain:
        mesh.domain === null || mesh.dns_zone === null
          ? null
          : new MeshDomain(this, 'domain', { domain: mesh.domain, zone: mesh.dns_zone }),
      image: mesh.image,
      alerts: mesh.alerts,
      preconditions: [new ReservedAddressLimit(this, 'reserved-address-limit', reservedAddresses(mesh, lock)).kept],
    };
    const region = mesh.vpc ? nodes[0]?.region : undefined;
    const network =
      region === undefined ? null : new PrivateNetwork(this, 'network', { mesh: mesh.name, stack: id, region });
    this.nodes = nodes.map(
      (node) =>
        new DigitalOceanNode(this, node.name, {
          mesh: settings,
          name: node.name,
          claims: claimsOfNode(node),
          wireguardPort: node.wg_port,
          endpoint: node.endpoint,
          region: node.region,
          size: node.size,
          reservedAddress: node.reserved_ip,
          protect: node.protect,
          network,
          tags: [...mesh.tags, ...node.tags],
          coordinatorUrl,
        }),
    );
    const former = retired.map(
      ({ name, region, reserved_ip }) =>
        new RetiredNode(this, name, {
          name: { mesh: mesh.name, node: name },
          region,
          reservedAddress: reserved_ip,
          protect: mesh.protect,
        }),
    );
    const urns = [...this.nodes, ...former].flatMap((node) => node.urns);
    if (mesh.project !== null && urns.length > 0)
      new ProjectMembership(this, 'project', { project: mesh.project, urns });
    this.#outputGateways();
  }

  /** Output `gateways`: name, region, endpoint and port of each node that runs a concentrator. */
  #outputGateways(): void {
    const gateways = this.nodes.filter((node) => node.props.claims.wireguard);
    if (gateways.length === 0) return;
    new TerraformOutput(this, 'gateways', {
      description: 'Where clients reach the WireGuard concentrators.',
      value: gateways.map(({ props, endpoint }) => ({
        name: props.name,
        region: props.region,
        endpoint,
        port: props.wireguardPort,
      })),
    });
  }
}
