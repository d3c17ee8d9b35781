/** Puts what a stack makes into a project of the account, so that people find it together. */
import { DataDigitaloceanProject } from '@cdktf/provider-digitalocean/lib/data-digitalocean-project/index.js';
import { ProjectResources } from '@cdktf/provider-digitalocean/lib/project-resources/index.js';
import { Construct } from 'constructs';
import { terraformTemplate } from './terraform-template.ts';

/** Logical id of the lookup and of the membership. */
const PROJECT = 'project';

/** What a membership is made from. */
export interface ProjectMembershipProps {
  /** Name of a project that exists; it is looked up and never owned. */
  readonly project: string;
  /** What belongs to it, as expressions of URNs; one at least. */
  readonly urns: readonly string[];
}

/** One of these per stack: each speaks for its own resources only. */
export class ProjectMembership extends Construct {
  constructor(scope: Construct, id: string, { project, urns }: ProjectMembershipProps) {
    super(scope, id);
    const found = new DataDigitaloceanProject(this, 'project', { name: terraformTemplate(project) });
    found.overrideLogicalId(PROJECT);
    const membership = new ProjectResources(this, 'membership', { project: found.id, resources: [...urns] });
    membership.overrideLogicalId(PROJECT);
  }
}
