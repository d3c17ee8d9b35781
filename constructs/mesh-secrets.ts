/**
 * The operator's token as a Terraform variable, and what nodes get instead of it. Terraform computes those values while
 * it runs, by the derivations of `mesh/token.ts`; the synthesized configuration holds the formulas and no secret.
 */
import { Fn, type Precondition, TerraformVariable } from 'cdktf';
import { Construct } from 'constructs';
import type { Label } from '../mesh/name.ts';
import type { NodeSecrets } from '../templates/node-files.ts';

/** Name of the variable; `TF_VAR_auth_token` in the environment gives it to Terraform. */
export const AUTH_TOKEN_VARIABLE = 'auth_token';

function concatenation(...parts: readonly string[]): string {
  return Fn.join('', [...parts]);
}

/** A mesh's secrets, as expressions. One of these per stack. */
export class MeshSecrets extends Construct implements NodeSecrets {
  readonly #authToken: string;

  constructor(scope: Construct, id: string) {
    super(scope, id);
    const variable = new TerraformVariable(this, AUTH_TOKEN_VARIABLE, {
      type: 'string',
      sensitive: true,
      nullable: false,
      description: "The operator's token of the mesh: 64 hexadecimal digits. It reaches no machine.",
    });
    variable.overrideLogicalId(AUTH_TOKEN_VARIABLE);
    this.#authToken = variable.stringValue;
  }

  /**
   * Holds where the token has its form. It belongs on resources: a validation of the variable itself, when it fails,
   * prints the value, sensitive or not (seen with Terraform 1.11).
   */
  get wellFormed(): Precondition {
    return {
      condition: Fn.can(Fn.regex('^[0-9a-f]{64}$', this.#authToken)),
      errorMessage: 'The variable auth_token has to be 64 hexadecimal digits in lower case.',
    };
  }

  /** The value of `joinRoot(auth_token)`; for coordinators only. */
  get joinRoot(): string {
    return Fn.sha256(concatenation('tm1:join:', this.#authToken));
  }

  /** The value of `tokenVerifier(auth_token)`; for coordinators only. */
  get tokenVerifier(): string {
    return Fn.sha256(concatenation('tm1:verify:', this.#authToken));
  }

  /**
   * The value of `nodeToken(joinRoot(auth_token), name, claims)`.
   * @param claims - as `renderClaims` writes them
   */
  nodeToken(name: Label, claims: string): string {
    return Fn.sha256(concatenation('tm1:', Fn.sha256(concatenation(this.joinRoot, `:node:${name}:${claims}`))));
  }
}
