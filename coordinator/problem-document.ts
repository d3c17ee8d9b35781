/** Errors as the API tells them: RFC 9457 problem documents. */
import { STATUS_CODES } from 'node:http';
import type { ProblemDocument } from '../mesh/api.ts';
import { MeshError, ProblemsError, quoteGiven, type Refusal } from '../mesh/problem.ts';

/** The one map from reasons to statuses (RFC 9110 §15, RFC 6585 §4, RFC 4918 §11.5). A new reason does not compile without one. */
const STATUS: Readonly<Record<Refusal, number>> = {
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  invalid: 422,
  'too-many': 429,
  unavailable: 503,
  exhausted: 507,
};

/** Media type of a problem document, RFC 9457 §3. */
export const PROBLEM_TYPE = 'application/problem+json';

/** A request that is wrong before the mesh is even asked. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly status: 400 | 404 | 405 | 413 | 415;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: HttpError['status'], message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** An error as it is sent. */
export interface ProblemAnswer {
  readonly document: ProblemDocument;
  readonly headers: Readonly<Record<string, string>>;
}

/** The answer to a request that failed, or `undefined` when the failure is our own and says nothing to others. */
export function problemAnswer(error: unknown): ProblemAnswer | undefined {
  if (error instanceof HttpError) return { document: documentOf(error.status, error.message), headers: error.headers };
  if (error instanceof MeshError) {
    const status = STATUS[error.refusal];
    return { document: documentOf(status, error.message), headers: headersOf(error.refusal) };
  }
  if (error instanceof ProblemsError) {
    const problems = error.problems.map(({ path, given, allowed }) => ({ path, given: quoteGiven(given), allowed }));
    return { document: { ...documentOf(STATUS.invalid, error.message), problems }, headers: {} };
  }
  return undefined;
}

/** A document without a type of its own: the status says it all (RFC 9457 §4.2.1). */
export function documentOf(status: number, detail: string): ProblemDocument {
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail };
}

function headersOf(refusal: Refusal): Record<string, string> {
  switch (refusal) {
    case 'unauthorized':
      return { 'www-authenticate': 'Bearer realm="tunnelmesh"' };
    case 'too-many':
    case 'unavailable':
      return { 'retry-after': '1' };
    case 'forbidden':
    case 'not-found':
    case 'conflict':
    case 'invalid':
    case 'exhausted':
      return {};
  }
}
