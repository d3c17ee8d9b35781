/** The program that nodes install: the one that the mesh file names, or else one that the operator names to Terraform. */
import { Fn, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import type { Artifact } from '../templates/install.ts';

/**
 * URLs that can be written into the script's environment without anything to escape, in the syntax that JavaScript and
 * Terraform's `regex` have in common (RE2, which refuses repetitions beyond 1000).
 */
const ARTIFACT_URL_PATTERN = '^https://[A-Za-z0-9._~:/?&=+%@-]{1,1000}$';

/** What {@link ARTIFACT_URL_PATTERN} accepts, for messages. */
export const ARTIFACT_URL_ALLOWED =
  'an https:// URL of letters, digits and ._~:/?&=+%@-, other characters percent-encoded';

/** Says whether an artifact can be fetched from there. */
export function isArtifactUrl(text: string): boolean {
  return new RegExp(ARTIFACT_URL_PATTERN).test(text);
}

/** Without an artifact of its own, `TF_VAR_artifact_url` and `TF_VAR_artifact_sha256` have to say it at deployment. */
export class ArtifactSource extends Construct {
  /** The artifact, or expressions of it. */
  readonly artifact: Artifact;

  constructor(scope: Construct, id: string, declared: Artifact | null) {
    super(scope, id);
    this.artifact = declared ?? {
      url: this.#variable(
        'artifact_url',
        'Where nodes download the tarball that `npm run build` made.',
        ARTIFACT_URL_PATTERN,
        `The variable artifact_url has to be ${ARTIFACT_URL_ALLOWED}.`,
      ),
      sha256: this.#variable(
        'artifact_sha256',
        'SHA-256 of that tarball.',
        '^[0-9a-f]{64}$',
        'The variable artifact_sha256 has to be 64 hexadecimal digits in lower case.',
      ),
    };
  }

  #variable(name: string, description: string, pattern: string, errorMessage: string): string {
    const variable = new TerraformVariable(this, name, { type: 'string', nullable: false, description });
    variable.overrideLogicalId(name);
    variable.addValidation({ condition: Fn.can(Fn.regex(pattern, variable.stringValue)), errorMessage });
    return variable.stringValue;
  }
}
