/** `tunnelmesh client add`: the key is made here, only its public half leaves this machine. */
import type { Command } from 'commander';
import type { MeshView } from '../mesh/api.ts';
import { DISPLAY_NAME_MAX_LENGTH, foldName, type Label, RESERVED_LABELS } from '../mesh/name.ts';
import { nearest } from '../mesh/nearest.ts';
import { withApi } from './access.ts';
import { type TunnelFile, writeClientFiles } from './client-files.ts';
import { filesJson, type QrOption, qrOption, renderFiles, renderUnconfirmed } from './client-text.ts';
import { endingOf, EXIT, Failure, wrongArguments } from './failure.ts';
import { expandPath, tunnelmeshHome } from './home.ts';
import { KeyStore } from './key-store.ts';
import { type GlobalOptions, print } from './command.ts';
import { registerClient } from './registration.ts';
import type { Surroundings } from './surroundings.ts';

interface AddOptions {
  readonly gateway?: string;
  readonly description?: string;
  readonly out?: string;
  readonly qr?: QrOption;
  readonly wait?: boolean;
}

/** The DNS label of a display name. @throws ProblemsError when it folds to none */
export function labelOf(name: string): Label {
  const label = name.length <= DISPLAY_NAME_MAX_LENGTH ? foldName(name) : undefined;
  if (label === undefined)
    throw wrongArguments({
      path: 'name',
      given: name,
      allowed: `a name that folds to a DNS label of 1 to 63 of a-z, 0-9 and -, but not to ${RESERVED_LABELS.join(', ')}`,
    });
  return label;
}

function gatewayOf(mesh: MeshView, given: string | undefined): Label | undefined {
  const names = mesh.gateways.map((gateway) => gateway.name);
  if (names.length === 0)
    throw new Failure(
      EXIT.failed,
      'the mesh has no gateway yet, so no device could connect; start one with `tunnelmesh join --wireguard`',
    );
  if (given === undefined) return undefined;
  const found = names.find((name) => name === given);
  if (found !== undefined) return found;
  const suggestion = nearest(given, names);
  throw wrongArguments({
    path: '--gateway',
    given,
    allowed: `${[...names].sort().join(', ')}${suggestion === undefined ? '' : `; did you mean ${suggestion}?`}`,
  });
}

/** Writes the files of a client that is registered by now, whatever becomes of them. */
async function writeRegistered(
  ...[client, key, mesh, directory]: Parameters<typeof writeClientFiles>
): Promise<readonly TunnelFile[]> {
  try {
    return await writeClientFiles(client, key, mesh, directory);
  } catch (error) {
    throw new Failure(
      EXIT.failed,
      `${client.name} is registered and its key is kept, but its files could not be written: ${endingOf(error)?.detail ?? ''}. \`tunnelmesh client show ${client.name} --out DIRECTORY\` writes them`,
    );
  }
}

/** Adds `client add`. */
export function defineClientAdd(parent: Command, surroundings: Surroundings): void {
  parent
    .command('add <name>')
    .description('register a client and write its files: one .conf and one QR code for each gateway')
    .option('--gateway <name>', 'the gateway to list first (default: the first by address)')
    .option('--description <text>', 'what or whose the device is')
    .option('--out <directory>', "where the files go (default: a folder of the client's name here)")
    .option('--wait', 'wait up to 5 s until the reachable gateways know the client')
    .addOption(qrOption())
    .action(async (name: string, options: AddOptions) => {
      const label = labelOf(name);
      const global = parent.optsWithGlobals<GlobalOptions>();
      await withApi(global.context, surroundings, async (api, { ca }) => {
        const mesh = await api.mesh();
        const gateway = gatewayOf(mesh, options.gateway);
        const keys = new KeyStore(tunnelmeshHome(surroundings), ca, surroundings.clock, surroundings.random);
        const wanted = {
          name,
          ...(options.description === undefined ? {} : { description: options.description }),
          ...(gateway === undefined ? {} : { gateway }),
        };
        const registered = await registerClient(wanted, label, options.wait === true, api, keys);
        const { value: client, unconfirmed, resumed } = registered;
        const directory = expandPath(options.out ?? label, surroundings);
        const files = await writeRegistered(client, await keys.get(client), mesh, directory);
        print(
          surroundings,
          global,
          { ...filesJson(client, files), resumed, unconfirmed },
          `${resumed ? 'An earlier run had registered' : 'Added'} ${label}: ${client.address}, ${client.dns_name}\n` +
            renderUnconfirmed(unconfirmed) +
            renderFiles(files, options.qr, surroundings),
        );
      });
    });
}
