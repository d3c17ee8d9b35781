/**
 * One node of a mesh on DigitalOcean: volume, reserved address, firewall, and a droplet whose user data makes it what
 * the mesh file says. The droplet can be replaced; the rest is what makes it the same node afterwards.
 */
import type { Precondition } from 'cdktf';
import { Construct } from 'constructs';
import { renderClaims } from '../mesh/claims.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import type { Label } from '../mesh/name.ts';
import { nodeCloudInit } from '../templates/cloud-init-node.ts';
import type { Artifact } from '../templates/install.ts';
import { nodeFiles, type NodeSettings } from '../templates/node-files.ts';
import { DataVolume } from './data-volume.ts';
import type { MeshDomain } from './mesh-domain.ts';
import type { MeshSecrets } from './mesh-secrets.ts';
import { type AlertSettings, NodeAlerts } from './node-alerts.ts';
import { NodeDroplet } from './node-droplet.ts';
import { NodeFirewall } from './node-firewall.ts';
import type { PrivateNetwork } from './private-network.ts';
import { ReservedAddress } from './reserved-address.ts';
import { userData } from './user-data.ts';

/** What is the same for every node of a mesh. */
export interface MeshSettings {
  /** Name of the mesh: the first part of every resource's name. */
  readonly name: string;
  readonly cidr: Cidr;
  /** DNS suffix of every name in the mesh. */
  readonly domainSuffix: Label;
  /** Ids or fingerprints of SSH keys that the account has. */
  readonly sshKeys: readonly string[];
  /** Networks from which SSH is answered; empty closes it. */
  readonly sshFrom: readonly string[];
  /** The program that the node runs. */
  readonly artifact: Artifact;
  readonly secrets: MeshSecrets;
  /** Public names of the nodes, if the mesh has any. */
  readonly domain: MeshDomain | null;
  /** DigitalOcean's slug, such as `debian-13-x64`, or the id of a snapshot. */
  readonly image: string;
  /** Who is told of what; null for nobody of nothing. */
  readonly alerts: AlertSettings | null;
  /** What else has to hold before a droplet is planned. */
  readonly preconditions: readonly Precondition[];
}

/** What a node is made from. */
export interface NodeProps extends Pick<
  NodeSettings,
  'name' | 'claims' | 'wireguardPort' | 'endpoint' | 'coordinatorUrl'
> {
  readonly mesh: MeshSettings;
  /** DigitalOcean's slug, such as `nyc3`. */
  readonly region: string;
  /** DigitalOcean's slug, such as `s-1vcpu-1gb`. */
  readonly size: string;
  /** Whether it has an address that outlives the droplet. Without, handed-out configurations end with the droplet. */
  readonly reservedAddress: boolean;
  /** Whether Terraform refuses to destroy the volume and the reserved address. */
  readonly protect: boolean;
  /** The private network that it is in; null for the region's own. */
  readonly network: PrivateNetwork | null;
  /** Tags besides its own. */
  readonly tags: readonly string[];
}

/** See the file's comment. The id has to be the node's name. */
export class DigitalOceanNode extends Construct {
  readonly props: NodeProps;
  /** Public IPv4 address, as an expression: the reserved one if there is one. */
  readonly address: string;
  /** What a project holds of it, as expressions of URNs. */
  readonly urns: readonly string[];

  /** @throws RangeError when the mesh's and the node's name make no resource name, or a peer is told no coordinator */
  constructor(scope: Construct, id: string, props: NodeProps) {
    super(scope, id);
    this.props = props;
    const { mesh, region, claims, protect } = props;
    const name = { mesh: mesh.name, node: props.name };
    const volume = new DataVolume(this, 'volume', { name, region, protect });
    const reserved = props.reservedAddress ? new ReservedAddress(this, 'address', { name, region, protect }) : null;
    const firewall = new NodeFirewall(this, 'firewall', {
      name,
      doors: {
        coordinator: claims.coordinator,
        wireguardPort: claims.wireguard ? props.wireguardPort : null,
        sshFrom: mesh.sshFrom,
        ping: mesh.alerts !== null,
      },
    });
    const machine = nodeCloudInit({
      files: nodeFiles({
        ...props,
        // A droplet's own address is not known before it boots.
        address: reserved?.address ?? mesh.domain?.nameOf(props.name) ?? null,
        meshCidr: mesh.cidr,
        domainSuffix: mesh.domainSuffix,
        secrets: mesh.secrets,
      }),
      volumeDevice: volume.device,
      artifact: mesh.artifact,
    });
    const droplet = new NodeDroplet(this, 'droplet', {
      name,
      region,
      size: props.size,
      sshKeys: mesh.sshKeys,
      tags: [firewall.tag, ...props.tags],
      userData: userData(machine, `node ${props.name}`),
      volumeId: volume.volumeId,
      image: mesh.image,
      networkId: props.network?.networkId ?? null,
      identity: {
        claims: renderClaims(claims),
        wireguard_port: props.wireguardPort,
        endpoint: props.endpoint ?? '',
        reserved_address: props.reservedAddress,
      },
      preconditions: [mesh.secrets.wellFormed, ...mesh.preconditions],
      after: [firewall.firewall],
    });
    reserved?.assignTo(droplet.dropletId);
    this.address = reserved?.address ?? droplet.address;
    this.urns = [droplet.urn, volume.urn, ...(reserved ? [reserved.urn] : [])];
    mesh.domain?.pointNode(props.name, this.address);
    if (claims.coordinator) mesh.domain?.pointDomain(this.address);
    if (mesh.alerts) {
      const { dropletId } = droplet;
      new NodeAlerts(this, 'alerts', { name, settings: mesh.alerts, dropletId, address: this.address });
    }
  }

  /** `host:port` by which clients reach the concentrator, or an expression of it; null without concentrator. */
  get endpoint(): string | null {
    if (!this.props.claims.wireguard) return null;
    const { endpoint, reservedAddress, mesh, name, wireguardPort } = this.props;
    const known = reservedAddress ? null : mesh.domain?.nameOf(name);
    return endpoint ?? `${known ?? this.address}:${String(wireguardPort)}`;
  }

  /** URL by which peers reach the coordinator on this node, by the domain if there is one; or an expression of it. */
  get coordinatorUrl(): string {
    return `https://${this.props.mesh.domain?.name ?? this.address}:${String(COORDINATOR_PORT)}`;
  }
}
