/** Failures of every kind, whatever was thrown, in words for a log or the end of a sentence; never a stack trace. */

/** An error in one line; where several addresses were tried, why each failed (Node gives such an error no message). */
export function failureText(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const causes = 'errors' in error && Array.isArray(error.errors) ? error.errors : [];
  if (causes.length > 0) return causes.map(failureText).join('; ');
  return 'message' in error ? String(error.message) : 'unknown failure';
}
