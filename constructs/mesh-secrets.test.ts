import { describe, expect, it } from '@jest/globals';
import { App, TerraformOutput, TerraformStack, Testing } from 'cdktf';
import fc from 'fast-check';
import { type Claims, renderClaims } from '../mesh/claims.ts';
import type { Label } from '../mesh/name.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { evaluateTemplate } from '../test/terraform/template.ts';
import { MeshSecrets } from './mesh-secrets.ts';

const CLAIMS: Claims = { coordinator: false, wireguard: true, exit: false, routes: [], aliases: [], generation: 0 };

interface Synthesized {
  readonly variable: Record<string, unknown>;
  readonly output: Record<string, { readonly value: string }>;
}

function synthesize(use: (secrets: MeshSecrets) => string): { template: string; variable: Record<string, unknown> } {
  const stack = new TerraformStack(new App(), 'stack');
  const value = use(new MeshSecrets(stack, 'secrets'));
  new TerraformOutput(stack, 'secret', { value, sensitive: true });
  const { variable, output } = JSON.parse(Testing.synth(stack)) as Synthesized;
  return { template: output['secret']?.value ?? '', variable };
}

/** What Terraform would compute with this token. */
function terraform(authToken: string, use: (secrets: MeshSecrets) => string): string {
  return evaluateTemplate(synthesize(use).template, (reference) => {
    if (reference !== 'var.auth_token') throw new Error(`unexpected reference ${reference}`);
    return authToken;
  });
}

const token = fc.stringMatching(/^[0-9a-f]{64}$/);
const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/) as fc.Arbitrary<Label>;

describe("Terraform's derivation of a secret", () => {
  it('gives the join root and the verifier that the coordinator computes from the token itself', () => {
    fc.assert(
      fc.property(token, (authToken) => {
        expect(terraform(authToken, (secrets) => secrets.joinRoot)).toBe(joinRoot(authToken));
        expect(terraform(authToken, (secrets) => secrets.tokenVerifier)).toBe(tokenVerifier(authToken));
      }),
      { numRuns: 20 },
    );
  });

  it('gives the node token that the coordinator recomputes from the join root', () => {
    fc.assert(
      fc.property(token, label, fc.nat(99), (authToken, name, generation) => {
        const claims = renderClaims({ ...CLAIMS, generation });
        expect(terraform(authToken, (secrets) => secrets.nodeToken(name, claims))).toBe(
          nodeToken(joinRoot(authToken), name, claims),
        );
      }),
      { numRuns: 20 },
    );
  });

  it('starts from a sensitive variable, without a default and without a validation that would print it', () => {
    expect(synthesize((secrets) => secrets.joinRoot).variable).toEqual({
      auth_token: { type: 'string', sensitive: true, nullable: false, description: expect.any(String) },
    });
  });
});
