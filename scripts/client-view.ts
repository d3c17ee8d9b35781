/** `tunnelmesh client list` and `tunnelmesh client show`. */
import type { Command } from 'commander';
import type { ClientView } from '../mesh/api.ts';
import { foldName } from '../mesh/name.ts';
import { nearest } from '../mesh/nearest.ts';
import { quoteGiven } from '../mesh/problem.ts';
import { withApi } from './access.ts';
import { type ApiClient, ApiRefusal } from './api-client.ts';
import { writeClientFiles } from './client-files.ts';
import { filesJson, type QrOption, qrOption, renderClient, renderFiles, stateOf } from './client-text.ts';
import { renderColumns } from './columns.ts';
import { EXIT, Failure } from './failure.ts';
import { expandPath, tunnelmeshHome } from './home.ts';
import { KeyStore } from './key-store.ts';
import { type GlobalOptions, print } from './command.ts';
import { claimLeftKeys } from './registration.ts';
import type { Surroundings } from './surroundings.ts';

const ID_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/**
 * The client that a person means, by name in any spelling or by id.
 * @throws Failure when there is none, with the nearest name
 */
export async function findClient(api: ApiClient, nameOrId: string): Promise<ClientView> {
  const label = foldName(nameOrId);
  const named = label === undefined ? undefined : await api.clientNamed(label);
  if (named) return named;
  if (ID_PATTERN.test(nameOrId)) {
    try {
      return await api.client(nameOrId);
    } catch (error) {
      if (!(error instanceof ApiRefusal) || error.status !== 404) throw error;
    }
  }
  const names = (await api.clients()).map((client) => client.name);
  const suggestion = nearest(label ?? nameOrId, names);
  throw new Failure(
    EXIT.failed,
    `no client has the name or id ${quoteGiven(nameOrId)}${suggestion === undefined ? '' : ` (did you mean ${suggestion}?)`}; \`tunnelmesh client list\` shows all`,
  );
}

interface ShowOptions {
  readonly out?: string;
  readonly qr?: QrOption;
}

/** Adds `client list` and `client show`. */
export function defineClientViews(parent: Command, surroundings: Surroundings): void {
  const say = (data: unknown, text: string): void => {
    print(surroundings, parent.optsWithGlobals(), data, text);
  };

  parent
    .command('list')
    .description('list all clients')
    .action(async () => {
      const global = parent.optsWithGlobals<GlobalOptions>();
      await withApi(global.context, surroundings, async (api) => {
        const clients = [...(await api.clients())].sort((a, b) => (a.name < b.name ? -1 : 1));
        const rows = clients.map((client) => [
          client.name,
          client.address,
          stateOf(client),
          client.activity.gateway ?? '-',
          client.activity.last_handshake_at ?? 'never',
          client.description,
        ]);
        const headings = ['NAME', 'ADDRESS', 'STATE', 'GATEWAY', 'HANDSHAKE', 'DESCRIPTION'];
        say(
          { clients },
          rows.length === 0 ? 'No clients. `tunnelmesh client add NAME` adds one.\n' : renderColumns(headings, rows),
        );
      });
    });

  parent
    .command('show <name-or-id>')
    .description('show a client; with --out write its files again, from the key kept on this machine')
    .option('--out <directory>', 'write the configuration files and QR codes here')
    .addOption(qrOption())
    .action(async (nameOrId: string, options: ShowOptions) => {
      const global = parent.optsWithGlobals<GlobalOptions>();
      await withApi(global.context, surroundings, async (api, { ca }) => {
        const keys = new KeyStore(tunnelmeshHome(surroundings), ca, surroundings.clock, surroundings.random);
        const client = await findClient(api, nameOrId);
        if (options.out === undefined) {
          say({ client }, renderClient(client));
          return;
        }
        await claimLeftKeys(api, keys);
        const directory = expandPath(options.out, surroundings);
        const files = await writeClientFiles(client, await keys.get(client), await api.mesh(), directory);
        say(filesJson(client, files), renderClient(client) + renderFiles(files, options.qr, surroundings));
      });
    });
}
