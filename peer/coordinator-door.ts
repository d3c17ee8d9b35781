/** The coordinator as its peers reach it: which paths, and what its refusals and failures mean to a person. */
import type { HttpsClient } from '../host/https.ts';
import { problemDocumentSchema } from '../mesh/api.ts';

/** Sends one request and reads the answer whole. */
export type Sender = Pick<HttpsClient, 'send'>;

/** Paths of the peers' door. */
export const PEER_PATHS = {
  hello: '/api/v1/join/hello',
  join: '/api/v1/join',
  stream: '/api/v1/peers/self/stream',
  report: '/api/v1/peers/self/report',
} as const;

/** The reason in a problem document (RFC 9457), or a few words on an answer that is none. */
export function refusalText(status: number, body: string): string {
  try {
    const parsed = problemDocumentSchema.safeParse(JSON.parse(body));
    if (parsed.success) {
      const problems = parsed.data.problems?.map((p) => `${p.path}: ${p.given}; allowed: ${p.allowed}`) ?? [];
      return [parsed.data.detail || parsed.data.title, ...problems].join('; ');
    }
  } catch {
    // Not JSON: the status is all there is to say.
  }
  return `HTTP status ${String(status)}`;
}

/** Codes by which Node reports a certificate that does not verify (`tls` documentation, "X509 certificate error codes"). */
const CERTIFICATE_CODES =
  /^(?:CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|ERR_TLS_CERT|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|HOSTNAME_MISMATCH)/;

/** Says whether a request failed because the server's certificate is not the one that was asked for. */
export function isCertificateError(error: unknown): boolean {
  if (typeof error !== 'object' || error === null || !('code' in error)) return false;
  return typeof error.code === 'string' && CERTIFICATE_CODES.test(error.code);
}
