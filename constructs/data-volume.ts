/** Where a node's identity lies: a volume of its own, which outlives the droplet. */
import { Volume } from '@cdktf/provider-digitalocean/lib/volume/index.js';
import { Construct } from 'constructs';
import { logicalId, type NodeName, resourceName } from './resource-name.ts';

/** Size of a volume in GiB, the smallest there is; volumes only grow. A client's record takes about a kilobyte. */
const VOLUME_GIB = 1;

/** What a volume is made from. */
export interface DataVolumeProps {
  readonly name: NodeName;
  /** DigitalOcean's slug, such as `nyc3`: that of the droplet. */
  readonly region: string;
  /** Whether Terraform refuses to destroy it. */
  readonly protect: boolean;
}

/** A volume with a file system. */
export class DataVolume extends Construct {
  /** What the droplet is given. */
  readonly volumeId: string;
  /** What a project holds, as an expression. */
  readonly urn: string;
  /** Path of the block device on the droplet (https://docs.digitalocean.com/products/volumes/how-to/mount/). */
  readonly device: string;

  constructor(scope: Construct, id: string, { name, region, protect }: DataVolumeProps) {
    super(scope, id);
    const volume = new Volume(this, 'volume', {
      name: resourceName(name),
      region,
      size: VOLUME_GIB,
      initialFilesystemType: 'ext4',
      lifecycle: { preventDestroy: protect },
    });
    volume.overrideLogicalId(logicalId(name.node));
    this.volumeId = volume.id;
    this.urn = volume.urn;
    this.device = `/dev/disk/by-id/scsi-0DO_Volume_${resourceName(name)}`;
  }
}
