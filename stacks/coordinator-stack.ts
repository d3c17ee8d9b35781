/** The coordinator's stack: the node that runs the registry, and the URL by which every other node finds it. */
import { TerraformOutput } from 'cdktf';
import type { Construct } from 'constructs';
import { MeshStack, type MeshStackProps } from './mesh-stack.ts';

/** See the file's comment. It stays when the mesh gets a coordinator elsewhere, to destroy what it made. */
export class CoordinatorStack extends MeshStack {
  /** URL that peers join, or an expression of it, which other stacks may use; null without coordinator. */
  readonly coordinatorUrl: string | null;

  constructor(scope: Construct, id: string, props: MeshStackProps) {
    super(scope, id, props, null);
    const coordinator = this.nodes.find((node) => node.props.claims.coordinator);
    this.coordinatorUrl = coordinator?.coordinatorUrl ?? null;
    if (this.coordinatorUrl === null) return;
    new TerraformOutput(this, 'coordinator_url', {
      description: 'Where peers join, with the mesh CA.',
      value: this.coordinatorUrl,
    });
  }
}
