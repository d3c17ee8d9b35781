/**
 * A node's droplet. It can always be destroyed and made anew; what must last is on the volume and in the reserved address.
 *
 * What concerns all nodes at once (another artifact, another key, a newer image) replaces no droplet: those changes are
 * ignored here and reach running nodes in place. What replaces a droplet is a change of its own {@link Identity}.
 */
import { Droplet } from '@cdktf/provider-digitalocean/lib/droplet/index.js';
import { type ITerraformDependable, type Precondition, TerraformStack } from 'cdktf';
import { Construct } from 'constructs';
import { logicalId, type NodeName, resourceName } from './resource-name.ts';

/** The provider waits 60 s for a deletion unless told otherwise; a graceful shutdown alone may take as long. */
const DELETE_TIMEOUT = '10m';

/** The node's own settings that are part of its user data: when one of them changes, the droplet is replaced. */
export type Identity = Readonly<Record<string, string | number | boolean>>;

/** What a droplet is made from. */
export interface NodeDropletProps {
  readonly name: NodeName;
  /** DigitalOcean's slug, such as `nyc3`. */
  readonly region: string;
  /** DigitalOcean's slug, such as `s-1vcpu-1gb`. */
  readonly size: string;
  /** DigitalOcean's slug, such as `debian-13-x64`, or the id of a snapshot. */
  readonly image: string;
  /** Ids or fingerprints of keys that the account has. */
  readonly sshKeys: readonly string[];
  readonly tags: readonly string[];
  readonly userData: string;
  readonly volumeId: string;
  /** Id of the private network, as an expression; null for the region's own. */
  readonly networkId: string | null;
  readonly identity: Identity;
  /** What has to hold before anything is planned. */
  readonly preconditions: readonly Precondition[];
  /** What has to be there before the droplet boots. */
  readonly after: readonly ITerraformDependable[];
}

/** The droplet, and the `terraform_data` that has it replaced. */
export class NodeDroplet extends Construct {
  /** Id and public IPv4 address, as expressions. */
  readonly dropletId: string;
  readonly address: string;
  /** What a project holds, as an expression. */
  readonly urn: string;

  constructor(scope: Construct, id: string, props: NodeDropletProps) {
    super(scope, id);
    const logical = logicalId(props.name.node);
    // Not TerraformDataResource: that one runs `terraform version` at synthesis, which must work without Terraform.
    TerraformStack.of(this).addOverride(`resource.terraform_data.${logical}`, { input: props.identity });
    const droplet = new Droplet(this, 'droplet', {
      name: resourceName(props.name),
      image: props.image,
      region: props.region,
      size: props.size,
      sshKeys: [...props.sshKeys],
      tags: [...props.tags],
      userData: props.userData,
      volumeIds: [props.volumeId],
      ...(props.networkId === null ? {} : { vpcUuid: props.networkId }),
      monitoring: true,
      ipv6: true,
      gracefulShutdown: true,
      timeouts: { delete: DELETE_TIMEOUT },
      dependsOn: [...props.after],
      lifecycle: {
        ignoreChanges: ['user_data', 'ssh_keys', 'image', 'vpc_uuid'],
        replaceTriggeredBy: [`terraform_data.${logical}`],
        precondition: [...props.preconditions],
      },
    });
    droplet.overrideLogicalId(logical);
    this.dropletId = droplet.id;
    this.address = droplet.ipv4Address;
    this.urn = droplet.urn;
  }
}
