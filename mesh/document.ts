/** What the renderers of documents have in common. */

/** The record without its null values, which in our files mean the same as absence. */
export function withoutNulls(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}
