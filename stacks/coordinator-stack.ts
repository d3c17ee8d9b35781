/** The coordinator's stack: the node that runs the registry, and the URL by which every other node finds it. */
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { MeshStack, type MeshStackProps } from './mesh-stack.ts';

/** See the file's comment. */
export class CoordinatorStack extends MeshStack {
  /** URL that peers join, as an expression; other stacks may use it. */
  readonly coordinatorUrl: string;

  /** @throws RangeError unless one of the nodes is a coordinator */
  constructor(scope: Construct, id: string, props: MeshStackProps) {
    super(scope, id, props, null);
    const coordinator = this.nodes.find((node) => node.props.claims.coordinator);
    if (!coordinator) throw new RangeError(`stack ${id} has no coordinator; allowed: one at least`);
    this.coordinatorUrl = coordinator.coordinatorUrl;
    new TerraformOutput(this, 'coordinator_url', {
      description: 'Where peers join, with the mesh CA.',
      value: this.coordinatorUrl,
    });
  }
}
