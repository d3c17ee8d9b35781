/** What all documents that people write have in common. */
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { ProblemsError } from './problem.ts';

/** Largest file that is read, in bytes: a thousand nodes with room to spare. */
export const DOCUMENT_MAX_BYTES = 1024 * 1024;

/** @throws ProblemsError when the text is longer than {@link DOCUMENT_MAX_BYTES} in UTF-8 */
export function checkTextSize(text: string, source: string): void {
  const bytes = utf8ToBytes(text).length;
  if (bytes > DOCUMENT_MAX_BYTES)
    throw new ProblemsError(source, [
      { path: '', given: `${String(bytes)} bytes`, allowed: `at most ${String(DOCUMENT_MAX_BYTES)} bytes` },
    ]);
}

/** The record without its null values, which in our files mean the same as absence. */
export function withoutNulls(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== null));
}
