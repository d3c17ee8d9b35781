/** `/api/v1/wireguard/clients`. */
import { z } from 'zod';
import {
  changeQuerySchema,
  clientListSchema,
  clientViewSchema,
  createClientSchema,
  patchClientSchema,
  UNCONFIRMED_HEADER,
  WAIT_APPLIED_MS,
} from '../mesh/api.ts';
import { DISPLAY_NAME_MAX_LENGTH, foldName } from '../mesh/name.ts';
import type { ClientRecord } from '../mesh/state.ts';
import type { Confirmations } from './confirmations.ts';
import type { Made } from './registry.ts';
import { type AnyRoute, route } from './route.ts';
import { clientView, type ViewSource } from './views.ts';

/** Where clients are. */
export const CLIENTS_PATH = '/api/v1/wireguard/clients';
const CLIENT_PATH = `${CLIENTS_PATH}/{id}`;

/** Most clients on one page, where pages are asked for. */
const MAX_PAGE = 1_000;

const listQuerySchema = z.strictObject({
  /** Only the client that has this name, as a label or as it was given. */
  name: z.string().max(DISPLAY_NAME_MAX_LENGTH).optional(),
  limit: z.coerce
    .number({ error: `a number, 1-${String(MAX_PAGE)}` })
    .int()
    .min(1)
    .max(MAX_PAGE)
    .optional(),
  /** The last label on the page before. */
  cursor: z.string().max(DISPLAY_NAME_MAX_LENGTH).optional(),
});

/** The routes. */
export function clientRoutes(source: ViewSource, confirmations: Confirmations): AnyRoute[] {
  const { registry } = source;

  /** Where it is asked for, waits for the connected gateways; names those that have not confirmed. */
  async function confirmed({ revision }: Made<unknown>, wait: boolean): Promise<Record<string, string>> {
    if (!wait) return {};
    const connected = registry.peers.gateways().filter((peer) => source.isConnected(peer.id));
    const missing = await confirmations.wait(
      revision,
      connected.map((peer) => peer.id),
      WAIT_APPLIED_MS,
    );
    const names = missing.flatMap((id) => registry.peers.records.get(id)?.name ?? []);
    return names.length > 0 ? { [UNCONFIRMED_HEADER]: names.join(', ') } : {};
  }

  return [
    route({
      method: 'GET',
      path: CLIENTS_PATH,
      access: 'operator',
      summary: 'List clients, by name',
      query: listQuerySchema,
      answer: {
        status: 200,
        description: 'The clients. With `limit`, a Link header leads to the next page (RFC 8288).',
        schema: clientListSchema,
      },
      handle({ query: { name, limit, cursor } }) {
        const found = name === undefined ? sorted(registry.clients.all(), cursor) : named(name);
        const page = limit === undefined ? found : found.slice(0, limit);
        const last = page.length < found.length ? page.at(-1) : undefined;
        return {
          status: 200,
          json: { clients: page.map((client) => clientView(source, client)) },
          ...(last
            ? { headers: { link: `<${CLIENTS_PATH}?limit=${String(limit)}&cursor=${last.name}>; rel="next"` } }
            : {}),
        };
      },
    }),
    route({
      method: 'POST',
      path: CLIENTS_PATH,
      access: 'operator',
      summary: 'Add a client',
      body: createClientSchema,
      query: changeQuerySchema,
      answer: { status: 201, description: 'The client.', schema: clientViewSchema },
      async handle({ body, query }) {
        const made = await registry.createClient(body);
        const headers = await confirmed(made, query.wait === 'applied');
        const location = `${CLIENTS_PATH}/${made.result.id}`;
        return { status: 201, json: clientView(source, made.result), headers: { location, ...headers } };
      },
    }),
    route({
      method: 'GET',
      path: CLIENT_PATH,
      access: 'operator',
      summary: 'Show a client',
      answer: { status: 200, description: 'The client.', schema: clientViewSchema },
      handle: ({ id }) => ({ status: 200, json: clientView(source, registry.clients.must(id)) }),
    }),
    route({
      method: 'PATCH',
      path: CLIENT_PATH,
      access: 'operator',
      summary: 'Enable or disable a client, describe it, or give it its key',
      body: patchClientSchema,
      query: changeQuerySchema,
      answer: { status: 200, description: 'The client.', schema: clientViewSchema },
      async handle({ id, body, query }) {
        const made = await registry.patchClient(id, body);
        const headers = await confirmed(made, query.wait === 'applied');
        return { status: 200, json: clientView(source, made.result), headers };
      },
    }),
    route({
      method: 'DELETE',
      path: CLIENT_PATH,
      access: 'operator',
      summary: 'Delete a client for good',
      query: changeQuerySchema,
      answer: { status: 204, description: 'It is gone.' },
      async handle({ id, query }) {
        const made = await registry.deleteClient(id);
        source.activity.drop(id);
        return { status: 204, headers: await confirmed(made, query.wait === 'applied') };
      },
    }),
  ];

  function named(name: string): ClientRecord[] {
    const label = foldName(name);
    const client = label && registry.clients.named(label);
    return client ? [client] : [];
  }
}

/** Those after the cursor, by name: an order in which the next page is the next whatever comes and goes meanwhile. */
function sorted(clients: Iterable<ClientRecord>, cursor: string | undefined): ClientRecord[] {
  const after = cursor === undefined ? [...clients] : [...clients].filter((client) => client.name > cursor);
  return after.sort((a, b) => (a.name < b.name ? -1 : 1));
}
