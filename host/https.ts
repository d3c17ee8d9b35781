/** HTTPS requests that verify one private CA and one fixed name, whatever the address, with a bound on everything. */
import type { IncomingMessage } from 'node:http';
import { Agent, request } from 'node:https';
import { type PeerCertificate, TLSSocket } from 'node:tls';

/** Whom a request trusts: a CA and the name in its certificate, or nobody yet (only for the first step of a join). */
export type Trust = { readonly ca: string; readonly name: string } | { readonly nobodyYet: true };

/** An answer, read to its end. */
export interface HttpsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** One request. */
export interface HttpsRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  readonly path: string;
  readonly bearer?: string;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Ends the request when aborted. */
  readonly signal?: AbortSignal;
}

/** Time to the whole answer (or, for a stream, to its headers), in milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Largest answer that is read whole, in bytes: 65,000 clients with room to spare. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** A server reached at one URL and trusted in one way, with its connections kept alive between requests. */
export class HttpsClient {
  readonly #base: URL;
  readonly #agent: Agent;

  /** @param base - `https://host:port`; path and query are ignored */
  constructor(base: string, trust: Trust) {
    this.#base = new URL(base);
    this.#agent = new Agent({
      keepAlive: true,
      maxSockets: 8,
      ...('ca' in trust
        ? { ca: trust.ca, servername: trust.name }
        : { rejectUnauthorized: false, checkServerIdentity: () => undefined }),
    });
  }

  /** Sends the request and reads the answer whole. Rejects with the system's error when the server cannot be reached. */
  async send(wanted: HttpsRequest): Promise<HttpsResponse> {
    const response = await this.open(wanted);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_BODY_BYTES)
        throw new Error(`${this.#base.host} answered with more than ${String(MAX_BODY_BYTES)} bytes`);
      chunks.push(chunk);
    }
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
  }

  /** Sends the request and gives the answer as a stream once its headers are there. */
  open(wanted: HttpsRequest): Promise<IncomingMessage> {
    const body = wanted.json === undefined ? undefined : JSON.stringify(wanted.json);
    return new Promise((resolve, reject) => {
      const sent = request(
        {
          agent: this.#agent,
          hostname: this.#base.hostname.replace(/^\[|\]$/g, ''),
          port: this.#base.port || 443,
          method: wanted.method,
          path: wanted.path,
          headers: {
            accept: 'application/json, application/x-ndjson',
            ...(wanted.bearer === undefined ? {} : { authorization: `Bearer ${wanted.bearer}` }),
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
          },
          ...(wanted.signal ? { signal: wanted.signal } : {}),
        },
        (response) => {
          clearTimeout(timer);
          resolve(response);
        },
      );
      const timer = setTimeout(
        () =>
          sent.destroy(new Error(`${this.#base.host} did not answer within ${String(REQUEST_TIMEOUT_MS / 1000)} s`)),
        REQUEST_TIMEOUT_MS,
      );
      sent.once('error', (error) => {
        clearTimeout(timer);
        reject(error);
      });
      sent.end(body);
    });
  }

  /** Closes idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}

/** The certificate that the server of an answer presented. */
export function certificateOf(response: IncomingMessage): PeerCertificate | undefined {
  return response.socket instanceof TLSSocket ? response.socket.getPeerCertificate(true) : undefined;
}
