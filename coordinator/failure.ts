/** Failures that are not ours, in a sentence of ours. */

/** What went wrong, for a log or the end of a sentence; never a stack trace. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
