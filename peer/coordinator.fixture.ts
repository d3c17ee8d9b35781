/**
 * A coordinator for tests: a real HTTPS server on the loopback interface that knows one operator's token, grants joins, and
 * streams what a test gives it. Anything that it does not expect is answered with 500 and kept for the test to see.
 */
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Report, reportSchema } from '../mesh/api.ts';
import type { Ipv4 } from '../mesh/ipv4.ts';
import { caProof, helloRequestSchema, type JoinOffer, joinProof, joinRequestSchema } from '../mesh/join.ts';
import type { Delta, Snapshot } from '../mesh/stream.ts';
import { joinRoot } from '../mesh/token.ts';
import { MESH_SERVER, type TestServerIdentity } from './certificates.fixture.ts';
import { MESH } from './records.fixture.ts';

/** The operator's token that the coordinator knows. */
export const TOKEN = 'a2c4e6081b3d5f70a2c4e6081b3d5f70';

const NONCE = 'ab'.repeat(32);

/** See the file's comment. */
export class TestCoordinator {
  readonly unexpected: string[] = [];
  readonly offers: JoinOffer[] = [];
  readonly reports: Report[] = [];
  readonly streamPaths: string[] = [];
  /** What a join gives; the credential is `credential-N` for the Nth join. */
  place: { id: string; address: Ipv4 } = { id: 'p1', address: '127.0.0.1' as Ipv4 };
  /** An answer that takes the place of the next ones to this path, as `[status, body]`. */
  readonly answers = new Map<string, [number, unknown]>();
  /** The CA that hello vouches for. */
  ca = MESH_SERVER.ca;
  first: Snapshot | undefined;
  #server: Server | undefined;
  readonly #streams = new Set<ServerResponse>();
  #credential: string | undefined;

  /** Listens; the port of an earlier time is taken again. */
  async open(port = 0, identity: TestServerIdentity = MESH_SERVER): Promise<number> {
    const server = createServer({ cert: identity.certificate, key: identity.key }, (request, response) => {
      void this.#answer(request, response);
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  }

  /** Ends it, connections included, as if the machine were gone. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#streams.clear();
    server?.closeAllConnections();
    await new Promise<void>((resolve) => {
      if (server)
        server.close(() => {
          resolve();
        });
      else resolve();
    });
  }

  /** Sends a delta to every stream. */
  send(message: Delta): void {
    for (const stream of this.#streams) stream.write(`${JSON.stringify(message)}\n`);
  }

  /** Refuses the credential from now on. */
  revoke(): void {
    this.#credential = undefined;
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0] ?? '';
    let text = '';
    for await (const piece of request as AsyncIterable<Buffer>) text += piece.toString('utf8');
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    const prepared = this.answers.get(path);
    const [status, answer] = prepared ?? this.#expected(path, request, body);
    if (status === 0) {
      this.#stream(request, response);
      return;
    }
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(answer === undefined ? '' : JSON.stringify(answer));
  }

  #expected(path: string, request: IncomingMessage, body: unknown): [number, unknown] {
    const authorized = this.#credential !== undefined && request.headers.authorization === `Bearer ${this.#credential}`;
    const refused: [number, unknown] = [401, problem(401, 'no such credential')];
    switch (`${request.method ?? ''} ${path}`) {
      case 'POST /api/v1/join/hello': {
        const { nonce } = helloRequestSchema.parse(body);
        return [200, { nonce: NONCE, ca: this.ca, proof: caProof(joinRoot(TOKEN), nonce, this.ca) }];
      }
      case 'POST /api/v1/join': {
        const { offer, proof } = joinRequestSchema.parse(body);
        if (offer.nonce !== NONCE || proof !== joinProof(joinRoot(TOKEN), offer)) return refused;
        this.offers.push(offer);
        this.#credential = `credential-${String(this.offers.length)}`;
        return [200, { ...this.place, credential: this.#credential, mesh: MESH }];
      }
      case 'GET /api/v1/peers/self/stream':
        return authorized ? [0, undefined] : refused;
      case 'POST /api/v1/peers/self/report':
        if (!authorized) return refused;
        this.reports.push(reportSchema.parse(body));
        return [204, undefined];
      default:
        this.unexpected.push(`${request.method ?? ''} ${path}`);
        return [500, undefined];
    }
  }

  #stream(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    this.streamPaths.push(path);
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write(`${JSON.stringify(path.includes('revision=') || !this.first ? { type: 'alive' } : this.first)}\n`);
    this.#streams.add(response);
  }
}

/** A problem document as the coordinator writes it. */
export function problem(status: number, detail: string): unknown {
  return { type: 'about:blank', title: 'Refused', status, detail };
}
