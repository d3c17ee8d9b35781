/**
 * Names in the mesh. What a person typed ("Work Laptop") is folded to one DNS label ("work-laptop", RFC 1035 §2.3.1 as
 * relaxed by RFC 1123 §2.1); peers, their aliases and clients share one namespace after folding.
 */

declare const labelBrand: unique symbol;

/** A lower-case DNS label: 1 to 63 letters, digits and hyphens, no hyphen at either end. */
export type Label = string & { readonly [labelBrand]: true };

/** Longest DNS label in octets (RFC 1035 §2.3.4). */
export const LABEL_MAX_LENGTH = 63;

/** Longest display name that is accepted, in UTF-16 code units. */
export const DISPLAY_NAME_MAX_LENGTH = 128;

/** Labels that mean something in every mesh and can be given to nobody. */
export const RESERVED_LABELS: readonly string[] = ['this', 'panel', 'localhost'];

const LABEL_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** Says whether the text is a DNS label in lower case. */
export function isLabel(text: string): text is Label {
  return LABEL_PATTERN.test(text);
}

/**
 * Folds a display name to its DNS label: accents dropped (Unicode NFKD), lower case, every run of anything else one
 * hyphen. `iPhone` becomes `iphone`, `Zoë's phone` becomes `zoes-phone`. A label is its own fold, so that a machine
 * declared as `web--1` joins under that name.
 * @returns `undefined` when nothing usable is left, the label would be too long, or the label is reserved
 */
export function foldName(displayName: string): Label | undefined {
  const folded = isLabel(displayName)
    ? displayName
    : displayName
        .normalize('NFKD')
        .replace(/[\u0300-\u036f'\u2019]/g, '')
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, '-')
        .replace(/^-+|-+$/g, '');
  return isLabel(folded) && !RESERVED_LABELS.includes(folded) ? folded : undefined;
}
