/** One region's stack: its gateways and whatever other peers the mesh file places there. */
import type { Construct } from 'constructs';
import { MeshStack, type MeshStackProps } from './mesh-stack.ts';

/** What a region's stack is made from. */
export interface GatewayStackProps extends MeshStackProps {
  /** URL that its nodes join, or an expression of it. */
  readonly coordinatorUrl: string;
}

/** See the file's comment. */
export class GatewayStack extends MeshStack {
  constructor(scope: Construct, id: string, props: GatewayStackProps) {
    super(scope, id, props, props.coordinatorUrl);
  }
}
