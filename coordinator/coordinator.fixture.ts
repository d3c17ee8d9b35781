/** A real coordinator on loopback for tests, and those who talk to it: an operator and machines that join. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../host/clock.ts';
import { HttpsClient, type HttpsRequest } from '../host/https.ts';
import type { Log } from '../host/log.ts';
import type { ClientView, ProblemDocument, Report } from '../mesh/api.ts';
import { hex } from '../mesh/hex.ts';
import { caProof, COORDINATOR_NAME, type Joiner, joinProof, type JoinOffer, type JoinResponse } from '../mesh/join.ts';
import type { Label } from '../mesh/name.ts';
import type { MeshInfo } from '../mesh/state.ts';
import type { StreamMessage } from '../mesh/stream.ts';
import { joinRoot, nodeToken, tokenVerifier } from '../mesh/token.ts';
import { type Coordinator, startCoordinator } from './coordinator.ts';
import { MESH, publicKey } from './records.fixture.ts';

export const TOKEN = 'c0ffee00'.repeat(8);
export const CLIENTS = '/api/v1/wireguard/clients';
const ROOT = joinRoot(TOKEN);

/** An answer with its JSON read. */
export interface Answered<T> {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly json: T;
}

/** A machine that has joined. */
export interface Joined extends JoinResponse {
  readonly send: <T>(request: Omit<HttpsRequest, 'bearer'>) => Promise<Answered<T>>;
  readonly report: (report: Partial<Report>) => Promise<Answered<ProblemDocument | undefined>>;
  readonly stream: (query?: string) => Promise<MessageReader>;
}

/** What a stream says, message by message. */
export interface MessageReader {
  /** The next message that is not `alive`; `undefined` at the end. */
  next(): Promise<Exclude<StreamMessage, { type: 'alive' }> | undefined>;
  close(): void;
}

/** What a machine may ask for at its join besides its name. */
export interface JoinWishes {
  readonly key?: string;
  readonly claims?: string;
  readonly token?: string;
  readonly wireguard?: boolean | string;
  readonly meshEndpoint?: string;
  readonly nonce?: string;
}

/** A coordinator and its data directory. */
export class CoordinatorUnderTest {
  readonly directory: string;
  readonly errors: string[] = [];
  readonly #mesh: MeshInfo;
  readonly #readers = new Set<MessageReader>();
  #coordinator: Coordinator | undefined;
  #https: HttpsClient | undefined;

  private constructor(directory: string, mesh: MeshInfo) {
    this.directory = directory;
    this.#mesh = mesh;
  }

  static async start(mesh: MeshInfo = MESH): Promise<CoordinatorUnderTest> {
    const under = new CoordinatorUnderTest(await mkdtemp(join(tmpdir(), 'tunnelmesh-coordinator-')), mesh);
    await under.open();
    return under;
  }

  get coordinator(): Coordinator {
    if (!this.#coordinator) throw new Error('the coordinator is closed');
    return this.#coordinator;
  }

  get https(): HttpsClient {
    if (!this.#https) throw new Error('the coordinator is closed');
    return this.#https;
  }

  get port(): number {
    return this.coordinator.listening[0]?.port ?? 0;
  }

  async open(): Promise<void> {
    const quiet = (): void => undefined;
    const log: Log = { info: quiet, warn: quiet, error: (event) => this.errors.push(event) };
    this.#coordinator = await startCoordinator({
      dataDir: this.directory,
      mesh: this.#mesh,
      trust: { joinRoot: ROOT, verifier: tokenVerifier(TOKEN) },
      listen: [{ host: '127.0.0.1', port: 0, tls: true }],
      clock: systemClock,
      random: randomBytes,
      log,
    });
    this.#https = this.client();
  }

  client(): HttpsClient {
    return new HttpsClient(`https://127.0.0.1:${String(this.port)}`, {
      ca: this.coordinator.ca,
      name: COORDINATOR_NAME,
    });
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) reader.close();
    this.#https?.close();
    await this.#coordinator?.close();
    this.#coordinator = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.directory, { recursive: true, force: true });
  }

  async send<T>(request: HttpsRequest): Promise<Answered<T>> {
    const { status, headers, body } = await this.https.send(request);
    return { status, headers, json: (body === '' ? undefined : JSON.parse(body)) as T };
  }

  /** As the operator. */
  operator<T>(method: HttpsRequest['method'], path: string, json?: unknown): Promise<Answered<T>> {
    return this.send({ method, path, bearer: TOKEN, ...(json === undefined ? {} : { json }) });
  }

  async addClient(name: string, rest: object = {}): Promise<ClientView> {
    const { status, json } = await this.operator<ClientView>('POST', CLIENTS, { name, ...rest });
    if (status !== 201) throw new Error(`POST ${name}: ${String(status)}`);
    return json;
  }

  /** Both steps of a join; gives the answer to the second. */
  async tryJoin(name: string, wishes: JoinWishes = {}): Promise<Answered<JoinResponse & ProblemDocument>> {
    const { key = name, claims, wireguard = false, meshEndpoint } = wishes;
    const joiner: Joiner = {
      name: name as Label,
      credential: claims === undefined ? { kind: 'operator' } : { kind: 'node', claims },
    };
    const credential = wishes.token ?? (claims === undefined ? ROOT : nodeToken(ROOT, joiner.name, claims));
    const nonce = hex.encode(randomBytes(32));
    const hello = await this.send<{ nonce: string; ca: string; proof: string }>({
      method: 'POST',
      path: '/api/v1/join/hello',
      json: { joiner, nonce },
    });
    if (hello.status !== 200) return hello as unknown as Answered<JoinResponse & ProblemDocument>;
    if (wishes.token === undefined && hello.json.proof !== caProof(credential, nonce, this.coordinator.ca)) {
      throw new Error('the coordinator did not prove its CA');
    }
    const offer: JoinOffer = {
      joiner,
      nonce: wishes.nonce ?? hello.json.nonce,
      mesh_public_key: publicKey(key),
      mesh_port: 51821,
      mesh_endpoint: meshEndpoint ?? null,
      wireguard:
        wireguard === false
          ? null
          : {
              public_key: publicKey(`${key} wg0`),
              listen_port: 51820,
              endpoint: wireguard === true ? 'wg.example.com:51820' : wireguard,
            },
    };
    const proof = joinProof(credential, offer);
    return this.send({ method: 'POST', path: '/api/v1/join', json: { offer, proof } });
  }

  async join(name: string, wishes: JoinWishes = {}): Promise<Joined> {
    const { status, json } = await this.tryJoin(name, wishes);
    if (status !== 201) throw new Error(`${name} did not join: ${String(status)} ${json.detail}`);
    const bearer = json.credential;
    return {
      ...json,
      send: (request) => this.send({ ...request, bearer }),
      report: (report) =>
        this.send({
          method: 'POST',
          path: '/api/v1/peers/self/report',
          bearer,
          json: { applied_revision: 0, attachments: [], activity: [], ...report },
        }),
      stream: (query = '') => this.#stream(bearer, query),
    };
  }

  gateway(name: string, wishes: JoinWishes = {}): Promise<Joined> {
    return this.join(name, { wireguard: true, ...wishes });
  }

  async #stream(bearer: string, query: string): Promise<MessageReader> {
    const stop = new AbortController();
    const response = await this.https.open({
      method: 'GET',
      path: `/api/v1/peers/self/stream${query}`,
      bearer,
      signal: stop.signal,
    });
    if (response.statusCode !== 200) throw new Error(`the stream answered ${String(response.statusCode)}`);
    const lines = linesOf(response);
    const reader: MessageReader = {
      async next() {
        for (;;) {
          const { value, done } = await lines.next();
          if (done) return undefined;
          const message = JSON.parse(value) as StreamMessage;
          if (message.type !== 'alive') return message;
        }
      },
      close: () => {
        stop.abort();
        this.#readers.delete(reader);
      },
    };
    this.#readers.add(reader);
    return reader;
  }
}

async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<string, undefined> {
  let rest = '';
  try {
    for await (const chunk of chunks) {
      const parts = (rest + chunk.toString('utf8')).split('\n');
      rest = parts.pop() ?? '';
      yield* parts;
    }
  } catch {
    // Whoever closed the stream knows.
  }
  return undefined;
}
