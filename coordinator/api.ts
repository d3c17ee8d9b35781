/** The API as a table of routes turned into a server's handler: who may ask, what may be asked, and how errors are told. */
import type { HttpBindings } from '@hono/node-server';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import { type Context, Hono } from 'hono';
import type { Log } from '../host/log.ts';
import { parseDocument } from '../mesh/zod-problems.ts';
import { authenticate, type AuthenticationOptions } from './authentication.ts';
import { failureText } from '../host/failure.ts';
import { documentOf, HttpError, PROBLEM_TYPE, problemAnswer } from './problem-document.ts';
import { type Answer, type AnyRoute, MAX_BODY_BYTES } from './route.ts';
import { sourceOf } from './source-address.ts';

/** The handler's surroundings: Node's own request and response. */
export interface Surroundings {
  Bindings: HttpBindings;
}

/** Called for every request that a peer made with its credential. */
export type OnPeer = (peer: string) => void;

/** Headers of every answer: nothing here is for caches, and nothing is to be guessed. */
const COMMON_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const;

/** See the file's comment. */
export function createApi(
  routes: readonly AnyRoute[],
  authentication: AuthenticationOptions,
  onPeer: OnPeer,
  log: Log,
): Hono<Surroundings> {
  const app = new Hono<Surroundings>();
  for (const route of routes) {
    app.on(route.method, honoPath(route.path), (context) => serve(route, context, authentication, onPeer));
  }
  for (const path of new Set(routes.map((route) => route.path))) {
    const allow = routes.filter((route) => route.path === path).map((route) => route.method);
    app.all(honoPath(path), ({ req }) => {
      throw new HttpError(405, `${req.method} is not allowed here; allowed: ${allow.join(', ')}`, {
        allow: allow.join(', '),
      });
    });
  }
  app.notFound(({ req }) => respondToError(new HttpError(404, `there is nothing at ${req.path}`), log, req.path));
  app.onError((error, { req }) => respondToError(error, log, `${req.method} ${req.path}`));
  return app;
}

async function serve(
  route: AnyRoute,
  context: Context<Surroundings>,
  authentication: AuthenticationOptions,
  onPeer: OnPeer,
): Promise<Response> {
  const { incoming, outgoing } = context.env;
  const principal = authenticate(context.req.header('authorization'), route.access, authentication);
  if (principal.kind === 'peer') onPeer(principal.peer.id);
  const query = route.query && parseDocument(route.query, context.req.query(), 'query');
  const body = route.body && parseDocument(route.body, await readJson(context, route.maxBodyBytes), 'request body');
  const answer = await route.handle({
    body: body as never,
    query: query as never,
    id: context.req.param('id') ?? '',
    source: sourceOf(incoming.socket.remoteAddress),
    peer: (principal.kind === 'peer' ? principal.peer : undefined) as never,
    outgoing,
  });
  return answer === 'written' ? RESPONSE_ALREADY_SENT : respond(answer);
}

function respond({ status, json, text, headers }: Answer): Response {
  const type = json === undefined ? text?.type : 'application/json';
  return new Response(json === undefined ? (text?.content ?? null) : JSON.stringify(json), {
    status,
    headers: { ...COMMON_HEADERS, ...(type === undefined ? {} : { 'content-type': type }), ...headers },
  });
}

/** Our own failures are logged and answered without a word about what they are. */
function respondToError(error: unknown, log: Log, what: string): Response {
  const known = problemAnswer(error);
  if (!known) log.error('a request failed', { what, why: failureText(error) });
  const { document, headers } = known ?? {
    document: documentOf(500, 'the coordinator failed; its log says why'),
    headers: {},
  };
  return new Response(JSON.stringify(document), {
    status: document.status,
    headers: { ...COMMON_HEADERS, 'content-type': PROBLEM_TYPE, ...headers },
  });
}

async function readJson(context: Context<Surroundings>, maxBytes = MAX_BODY_BYTES): Promise<unknown> {
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json(?:\s*;|$)/i.test(type)) {
    throw new HttpError(415, `the body's type is "${type.slice(0, 100)}"; allowed: application/json`);
  }
  const text = await readBody(context.req.raw, maxBytes);
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new HttpError(400, 'the body is not JSON');
  }
}

async function readBody(request: Request, maxBytes: number): Promise<string> {
  const tooLarge = new HttpError(413, `the body is larger than ${String(maxBytes)} bytes`, { connection: 'close' });
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) throw tooLarge;
  if (!request.body) return '';
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function honoPath(path: string): string {
  return path.replace('{id}', ':id');
}
