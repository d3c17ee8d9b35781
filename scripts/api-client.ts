/** The coordinator's REST API as an operator's commands call it: typed, verified, and with errors a person can use. */
import type { z } from 'zod';
import { HttpsClient, type HttpsRequest, type HttpsResponse } from '../host/https.ts';
import {
  type ClientView,
  clientListSchema,
  clientViewSchema,
  type CreateClient,
  type MeshView,
  meshViewSchema,
  type PatchClient,
  type PeerView,
  peerListSchema,
  type ProblemDocument,
  problemDocumentSchema,
  UNCONFIRMED_HEADER,
} from '../mesh/api.ts';
import { COORDINATOR_NAME } from '../mesh/join.ts';
import type { Label } from '../mesh/name.ts';
import { EXIT, Failure } from './failure.ts';

/** Whom to talk to, and as whom. */
export interface Access {
  /** `https://host:port` of the coordinator's door for peers and operators. */
  readonly server: string;
  /** The mesh CA in PEM. */
  readonly ca: string;
  readonly token: string;
}

/** A change that the coordinator has made durable. */
export interface Changed<T> {
  readonly value: T;
  /** Reachable gateways that had not confirmed the change when the wait ended. */
  readonly unconfirmed: readonly string[];
}

/** The coordinator said no. */
export class ApiRefusal extends Failure {
  override readonly status: number;

  constructor(status: number, problem: ProblemDocument) {
    const problems = (problem.problems ?? []).map(({ path, given, allowed }) => ({ path, given, allowed }));
    const lines = problems.map(({ path, given, allowed }) => `\n  ${path}: ${given}; allowed: ${allowed}`);
    super(
      WRONG_INPUT_STATUSES.includes(status) ? EXIT.wrongInput : EXIT.failed,
      problem.detail + lines.join(''),
      problems,
      status,
    );
    this.status = status;
  }
}

/** Statuses that blame the values of a request (RFC 9110 §15.5.1, §15.5.21). */
const WRONG_INPUT_STATUSES: readonly number[] = [400, 422];

/** The coordinator could not be reached, or did not answer. */
export class Unreachable extends Failure {
  /** Whether the request may have been carried out all the same. */
  readonly maybeDone: boolean;

  constructor(server: string, error: unknown) {
    // By its shape: errors of another realm are no `Error` here.
    const { code, message } = error as { readonly code?: string; readonly message?: string };
    const [why, maybeDone] = CONNECTION_ERRORS[code ?? ''] ?? [message ?? String(error), true];
    super(EXIT.unreachable, `${server} could not be reached: ${why}`);
    this.maybeDone = maybeDone;
  }
}

const CHECK_NETWORK = 'check the address, the network between, and that TCP to this port is let through';
const CHECK_CA =
  "its certificate is not from this mesh's CA; check that the context's CA file is the one this coordinator wrote";

/** Errors of a connection: what they mean to a person, and whether the request may have been carried out. */
const CONNECTION_ERRORS: Readonly<Record<string, readonly [why: string, maybeDone: boolean]>> = {
  ECONNREFUSED: ['nothing listens there; check the address and that `tunnelmesh serve` runs', false],
  ENOTFOUND: ['its name does not resolve; check the spelling and the resolver', false],
  EAI_AGAIN: ['the resolver does not answer; check the network', false],
  EHOSTUNREACH: [`no route to it; ${CHECK_NETWORK}`, false],
  ENETUNREACH: [`no route to it; ${CHECK_NETWORK}`, false],
  ETIMEDOUT: [`it does not answer; ${CHECK_NETWORK}`, true],
  ECONNRESET: ['it closed the connection; check that it is a TunnelMesh coordinator, and try again', true],
  EPROTO: ['it does not speak TLS; check the port', false],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS; check the port', false],
  SELF_SIGNED_CERT_IN_CHAIN: [CHECK_CA, false],
  DEPTH_ZERO_SELF_SIGNED_CERT: [CHECK_CA, false],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [CHECK_CA, false],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [CHECK_CA, false],
  CERT_SIGNATURE_FAILURE: [CHECK_CA, false],
  ERR_TLS_CERT_ALTNAME_INVALID: [CHECK_CA, false],
  CERT_HAS_EXPIRED: ["its certificate has expired; check both machines' clocks", false],
  CERT_NOT_YET_VALID: ["its certificate is not valid yet; check both machines' clocks", false],
};

const CLIENTS = '/api/v1/wireguard/clients';

/** See the file's comment. */
export class ApiClient {
  readonly #access: Access;
  readonly #https: HttpsClient;
  readonly #stop: AbortSignal;

  /** @param stop - ends requests that are under way */
  constructor(access: Access, stop: AbortSignal) {
    this.#access = access;
    this.#https = new HttpsClient(access.server, { ca: access.ca, name: COORDINATOR_NAME });
    this.#stop = stop;
  }

  async mesh(): Promise<MeshView> {
    return this.#read('/api/v1/mesh', meshViewSchema);
  }

  async peers(): Promise<readonly PeerView[]> {
    return (await this.#read('/api/v1/peers', peerListSchema)).peers;
  }

  async clients(): Promise<readonly ClientView[]> {
    return (await this.#read(CLIENTS, clientListSchema)).clients;
  }

  /** The client with this label, or `undefined`. */
  async clientNamed(name: Label): Promise<ClientView | undefined> {
    const { clients } = await this.#read(`${CLIENTS}?name=${encodeURIComponent(name)}`, clientListSchema);
    return clients.find((client) => client.name === name);
  }

  /** The client with this id. @throws ApiRefusal with status 404 */
  async client(id: string): Promise<ClientView> {
    return this.#read(`${CLIENTS}/${encodeURIComponent(id)}`, clientViewSchema);
  }

  async createClient(wanted: CreateClient, wait: boolean): Promise<Changed<ClientView>> {
    return this.#change({ method: 'POST', path: CLIENTS, json: wanted }, wait, clientViewSchema);
  }

  async patchClient(id: string, patch: PatchClient, wait: boolean): Promise<Changed<ClientView>> {
    const path = `${CLIENTS}/${encodeURIComponent(id)}`;
    return this.#change({ method: 'PATCH', path, json: patch }, wait, clientViewSchema);
  }

  async deleteClient(id: string, wait: boolean): Promise<Changed<undefined>> {
    const path = `${CLIENTS}/${encodeURIComponent(id)}${wait ? '?wait=applied' : ''}`;
    const response = await this.#send({ method: 'DELETE', path });
    return { value: undefined, unconfirmed: unconfirmedIn(response) };
  }

  /** Closes idle connections; the process could not end otherwise. */
  close(): void {
    this.#https.close();
  }

  async #read<T extends z.ZodType>(path: string, schema: T): Promise<z.infer<T>> {
    return this.#parse(await this.#send({ method: 'GET', path }), schema);
  }

  async #change<T extends z.ZodType>(request: HttpsRequest, wait: boolean, schema: T): Promise<Changed<z.infer<T>>> {
    const response = await this.#send({ ...request, path: request.path + (wait ? '?wait=applied' : '') });
    return { value: this.#parse(response, schema), unconfirmed: unconfirmedIn(response) };
  }

  async #send(request: HttpsRequest): Promise<HttpsResponse> {
    let response: HttpsResponse;
    try {
      response = await this.#https.send({ ...request, bearer: this.#access.token, signal: this.#stop });
    } catch (error) {
      throw new Unreachable(this.#access.server, error);
    }
    if (response.status >= 200 && response.status < 300) return response;
    const problem = problemDocumentSchema.safeParse(json(response.body));
    if (problem.success) throw new ApiRefusal(response.status, problem.data);
    throw this.#nonsense(`status ${String(response.status)} without a reason`);
  }

  #parse<T extends z.ZodType>(response: HttpsResponse, schema: T): z.infer<T> {
    const result = schema.safeParse(json(response.body));
    if (result.success) return result.data;
    const issue = result.error.issues[0];
    throw this.#nonsense(`${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not JSON'}`);
  }

  #nonsense(what: string): Failure {
    return new Failure(
      EXIT.failed,
      `${this.#access.server} gave an answer that this version does not understand (${what}); check that it is a TunnelMesh coordinator of the same version`,
    );
  }
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function unconfirmedIn(response: HttpsResponse): readonly string[] {
  return String(response.headers[UNCONFIRMED_HEADER] ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
