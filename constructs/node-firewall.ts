/**
 * A node's firewall at DigitalOcean: the doors that its roles need and no other. It finds the node by tag, so its rules
 * hold before the droplet boots. What no rule permits is blocked, both ways
 * (https://docs.digitalocean.com/products/networking/firewalls/).
 */
import {
  Firewall,
  type FirewallInboundRule,
  type FirewallOutboundRule,
} from '@cdktf/provider-digitalocean/lib/firewall/index.js';
import { Tag } from '@cdktf/provider-digitalocean/lib/tag/index.js';
import { Construct } from 'constructs';
import { COORDINATOR_PORT } from '../mesh/join.ts';
import { MESH_PORT } from '../mesh/port.ts';
import { logicalId, type NodeName, nodeTag, resourceName } from './resource-name.ts';

/** Everybody, by either protocol. */
const ANYWHERE: readonly string[] = ['0.0.0.0/0', '::/0'];

const SSH_PORT = 22;

/** The doors of a node, besides the mesh device's: other peers reach every node at 51821/udp. */
export interface Doors {
  /** Peers and operators reach the coordinator: 8443/tcp. */
  readonly coordinator: boolean;
  /** UDP port by which clients reach the concentrator; null where there is none. */
  readonly wireguardPort: number | null;
  /** Networks from which SSH is answered; empty closes it. */
  readonly sshFrom: readonly string[];
  /** Whether a ping is answered, which a check from outside needs. */
  readonly ping: boolean;
}

/** What may come in, in the order in which the doors are listed. */
export function inboundRules(doors: Doors): FirewallInboundRule[] {
  const rule = (protocol: 'tcp' | 'udp', port: number, sources: readonly string[]): FirewallInboundRule => ({
    protocol,
    portRange: String(port),
    sourceAddresses: [...sources],
  });
  return [
    ...(doors.coordinator ? [rule('tcp', COORDINATOR_PORT, ANYWHERE)] : []),
    rule('udp', MESH_PORT, ANYWHERE),
    ...(doors.wireguardPort === null ? [] : [rule('udp', doors.wireguardPort, ANYWHERE)]),
    ...(doors.sshFrom.length > 0 ? [rule('tcp', SSH_PORT, doors.sshFrom)] : []),
    ...(doors.ping ? [{ protocol: 'icmp', sourceAddresses: [...ANYWHERE] }] : []),
  ];
}

/** Everything may go out. `all` and not `1-65535`: the API answers 0 for every port, which the provider reads back as `all`. */
const OUTBOUND: readonly FirewallOutboundRule[] = [
  { protocol: 'tcp', portRange: 'all', destinationAddresses: [...ANYWHERE] },
  { protocol: 'udp', portRange: 'all', destinationAddresses: [...ANYWHERE] },
  { protocol: 'icmp', destinationAddresses: [...ANYWHERE] },
];

/** What a node's firewall is made from. */
export interface NodeFirewallProps {
  readonly name: NodeName;
  readonly doors: Doors;
}

/** The firewall and the node's own tag, to which it is bound. */
export class NodeFirewall extends Construct {
  /** The tag to put on the droplet. */
  readonly tag: string;
  /** What the droplet has to wait for. */
  readonly firewall: Firewall;

  constructor(scope: Construct, id: string, { name, doors }: NodeFirewallProps) {
    super(scope, id);
    const tag = new Tag(this, 'tag', { name: nodeTag(name) });
    tag.overrideLogicalId(logicalId(name.node));
    this.tag = tag.name;
    this.firewall = new Firewall(this, 'firewall', {
      name: resourceName(name),
      tags: [this.tag],
      inboundRule: inboundRules(doors),
      outboundRule: [...OUTBOUND],
    });
    this.firewall.overrideLogicalId(logicalId(name.node));
  }
}
