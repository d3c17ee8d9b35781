/** `tunnelmesh client enable|disable|delete`. */
import type { Command } from 'commander';
import { withApi } from './access.ts';
import { renderUnconfirmed } from './client-text.ts';
import { findClient } from './client-view.ts';
import { tunnelmeshHome } from './home.ts';
import { KeyStore } from './key-store.ts';
import { type GlobalOptions, print } from './command.ts';
import type { Surroundings } from './surroundings.ts';

interface ChangeOptions {
  readonly wait?: boolean;
}

const WAIT = [
  '--wait',
  'wait up to 5 s until the reachable gateways have done it, and name those that have not',
] as const;

/** Adds `client enable`, `client disable` and `client delete`. */
export function defineClientChanges(parent: Command, surroundings: Surroundings): void {
  const say = (data: unknown, text: string): void => {
    print(surroundings, parent.optsWithGlobals(), data, text);
  };

  for (const enabled of [true, false])
    parent
      .command(`${enabled ? 'enable' : 'disable'} <name-or-id>`)
      .description(enabled ? 'let a client in again' : 'shut a client out; its key and address are kept')
      .option(...WAIT)
      .action(async (nameOrId: string, { wait }: ChangeOptions) => {
        await withApi(parent.optsWithGlobals<GlobalOptions>().context, surroundings, async (api) => {
          const { id } = await findClient(api, nameOrId);
          const { value: client, unconfirmed } = await api.patchClient(id, { enabled }, wait === true);
          say(
            { client, unconfirmed },
            `${client.name} is ${client.enabled ? 'enabled' : 'disabled'}.\n${renderUnconfirmed(unconfirmed)}`,
          );
        });
      });

  parent
    .command('delete <name-or-id>')
    .description('remove a client for good, and its private key from this machine')
    .option(...WAIT)
    .action(async (nameOrId: string, { wait }: ChangeOptions) => {
      await withApi(parent.optsWithGlobals<GlobalOptions>().context, surroundings, async (api, { ca }) => {
        const client = await findClient(api, nameOrId);
        const { unconfirmed } = await api.deleteClient(client.id, wait === true);
        await new KeyStore(tunnelmeshHome(surroundings), ca, surroundings.clock, surroundings.random).remove(client.id);
        say(
          { deleted: client.id, name: client.name, unconfirmed },
          `${client.name} is deleted.\n${renderUnconfirmed(unconfirmed)}`,
        );
      });
    });
}
