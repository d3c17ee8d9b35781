/**
 * One node of a mesh on DigitalOcean: volume, reserved address, firewall, and a droplet whose user data makes it what
 * the mesh file says. The droplet can be replaced; the rest is what makes it the same node afterwards.
 */
import { Construct } from 'constructs';
import { type Claims, renderClaims } from '../mesh/claims.ts';
import type { Cidr } from '../mesh/ipv4.ts';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import type { Label } from '../mesh/name.ts';
import { MESH_PORT } from '../mesh/port.ts';
import { type NodeMachine, nodeCloudInit } from '../templates/cloud-init-node.ts';
import type { Artifact } from '../templates/install.ts';
import { DataVolume } from './data-volume.ts';
import type { MeshSecrets } from './mesh-secrets.ts';
import { type DaemonSettings, peerConfiguration, serverConfiguration } from './node-configuration.ts';
import { NodeDroplet } from './node-droplet.ts';
import { NodeFirewall } from './node-firewall.ts';
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
}

/** What a node is made from. */
export interface NodeProps {
  readonly mesh: MeshSettings;
  readonly name: Label;
  /** Roles, and what the node may declare; a coordinator is told apart from other peers by these. */
  readonly claims: Claims;
  /** UDP port of the concentrator; of no consequence without one. */
  readonly wireguardPort: number;
  /** `host:port` by which clients reach the concentrator; null for the node's own address. */
  readonly endpoint: string | null;
  /** DigitalOcean's slug, such as `nyc3`. */
  readonly region: string;
  /** DigitalOcean's slug, such as `s-1vcpu-1gb`. */
  readonly size: string;
  /** Whether it has an address that outlives the droplet. Without, handed-out configurations end with the droplet. */
  readonly reservedAddress: boolean;
  /** Whether Terraform refuses to destroy the volume and the reserved address. */
  readonly protect: boolean;
  /** Tags besides its own. */
  readonly tags: readonly string[];
  /** URL of the coordinator, or an expression of it; a coordinator itself needs none. */
  readonly coordinatorUrl: string | null;
}

/** See the file's comment. The id has to be the node's name. */
export class DigitalOceanNode extends Construct {
  readonly props: NodeProps;
  /** Public IPv4 address, as an expression: the reserved one if there is one. */
  readonly address: string;

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
      },
    });
    const machine = nodeCloudInit({
      ...this.#configuration(reserved?.address ?? null),
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
      identity: {
        claims: renderClaims(claims),
        wireguard_port: props.wireguardPort,
        endpoint: props.endpoint ?? '',
        reserved_address: props.reservedAddress,
      },
      precondition: mesh.secrets.wellFormed,
      after: [firewall.firewall],
    });
    reserved?.assignTo(droplet.dropletId);
    this.address = reserved?.address ?? droplet.address;
  }

  /** `host:port` by which clients reach the concentrator, or an expression of it; null without concentrator. */
  get endpoint(): string | null {
    if (!this.props.claims.wireguard) return null;
    return this.props.endpoint ?? `${this.address}:${String(this.props.wireguardPort)}`;
  }

  /** URL by which peers reach the coordinator on this node, as an expression. */
  get coordinatorUrl(): string {
    return `https://${this.address}:${String(COORDINATOR_PORT)}`;
  }

  /** @param reserved - the address that the node knows before it boots, which a droplet's own is not */
  #configuration(reserved: string | null): Pick<NodeMachine, 'command' | 'configuration'> {
    const { mesh, name, claims, wireguardPort, endpoint, coordinatorUrl } = this.props;
    const at = (port: number): string | null => reserved && `${reserved}:${String(port)}`;
    const settings: DaemonSettings = {
      name,
      claims,
      wireguardPort,
      clientEndpoint: endpoint ?? at(wireguardPort),
      meshEndpoint: at(MESH_PORT),
      secrets: mesh.secrets,
    };
    if (claims.coordinator) {
      const { cidr: meshCidr, domainSuffix } = mesh;
      return { command: 'serve', configuration: serverConfiguration({ ...settings, meshCidr, domainSuffix }) };
    }
    if (coordinatorUrl === null) throw new RangeError(`node ${name} is told no coordinator; allowed: its URL`);
    return { command: 'join', configuration: peerConfiguration(settings, coordinatorUrl) };
  }
}
