/**
 * Text inside Terraform's configuration is a template: `${` and `%{` begin an expression, `$${` and `%%{` stand for
 * themselves (https://developer.hashicorp.com/terraform/language/expressions/strings). What a shell script means literally
 * has to be written so, while the references to values that Terraform fills in have to stay. (Nothing that
 * comes here from a mesh file may hold a `$`, so whatever looks like a reference is one.)
 */

/** A reference as cdktf writes it into a string until synthesis. */
const REFERENCE_PATTERN = /(\$\{TfToken\[[a-zA-Z0-9:._-]+\]\})/;

/** The most characters that a reference stands for in user data: a SHA-256 digest in hexadecimal. */
const VALUE_MAX_CHARACTERS = 64;

/** The text such that Terraform gives it back as it is, with values in the place of cdktf's references and of nothing else. */
export function terraformTemplate(text: string): string {
  return text
    .split(REFERENCE_PATTERN)
    .map((part) => (REFERENCE_PATTERN.test(part) ? part : part.replaceAll(/[$%](?=\{)/g, '$&$&')))
    .join('');
}

/** How many bytes the text has at most once Terraform has put values in the place of references. */
export function bytesAfterTerraform(text: string): number {
  return new TextEncoder().encode(
    text
      .split(REFERENCE_PATTERN)
      .map((part) => (REFERENCE_PATTERN.test(part) ? 'x'.repeat(VALUE_MAX_CHARACTERS) : part))
      .join(''),
  ).length;
}
