/** `tunnelmesh context create|list|use|show|delete`. */
import { isDeepStrictEqual } from 'node:util';
import type { Command } from 'commander';
import { isServerUrl } from '../mesh/peer-config.ts';
import type { Problem } from '../mesh/problem.ts';
import { type Context, ContextStore } from './context-store.ts';
import { chosenContext } from './access.ts';
import { renderColumns } from './columns.ts';
import { EXIT, Failure, wrongArguments } from './failure.ts';
import { readGivenFile } from './given-file.ts';
import { tunnelmeshHome } from './home.ts';
import { type GlobalOptions, print } from './command.ts';
import type { Surroundings } from './surroundings.ts';
import { givenToken, type TokenOptions } from './token.ts';

const EXAMPLES = `
Examples:
  tunnelmesh context create office --server https://coord.example.com --ca ca.pem --token-file token
  tunnelmesh context list
  tunnelmesh context use office
  tunnelmesh context show --json
  tunnelmesh context delete office`;

interface CreateOptions extends GlobalOptions, TokenOptions {
  readonly server: string;
  readonly ca: string;
}

/** What may be shown of a context: whether there is a token, never the token. */
interface ShownContext {
  readonly name: string;
  readonly current: boolean;
  readonly kind: 'operator' | 'peer';
  readonly server: string;
  readonly token: 'stored' | 'none';
  readonly ca: 'stored' | 'in data_dir' | 'none';
  readonly peer: string | null;
  readonly data_dir: string | null;
}

function shown(name: string, current: string | undefined, { server, ca, token, peer }: Context): ShownContext {
  return {
    name,
    current: name === current,
    kind: peer === null ? 'operator' : 'peer',
    server,
    token: token === null ? 'none' : 'stored',
    ca: ca !== null ? 'stored' : peer ? 'in data_dir' : 'none',
    peer: peer?.name ?? null,
    data_dir: peer?.data_dir ?? null,
  };
}

/** Largest file that may hold a CA's certificate, in bytes. */
const MAX_CERTIFICATE_BYTES = 64 * 1024;

/** One or several certificates as PEM writes them (RFC 7468 §2), and nothing else. */
const CERTIFICATES = /^\s*(?:-----BEGIN CERTIFICATE-----\r?\n[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*)+$/;

/**
 * The context that the options describe.
 * @throws ProblemsError with everything that is wrong with them
 */
async function contextOf(options: CreateOptions, surroundings: Surroundings): Promise<Context> {
  const problems: Problem[] = [];
  if (!isServerUrl(options.server))
    problems.push({ path: '--server', given: options.server, allowed: 'https://host[:port]' });
  const { text: ca } = await readGivenFile(options.ca, MAX_CERTIFICATE_BYTES, surroundings);
  if (!CERTIFICATES.test(ca))
    problems.push({
      path: '--ca',
      given: options.ca,
      allowed: "the mesh CA's certificate in PEM, which the coordinator writes to ca.pem in its data directory",
    });
  const token = (await givenToken(options, surroundings)) ?? null;
  if (token === null) problems.push({ path: '--token-file', given: undefined, allowed: 'a file that holds the token' });
  if (problems.length > 0) throw wrongArguments(...problems);
  return { server: options.server, ca, token, peer: null };
}

/** Adds the subcommand's own subcommands. */
export function define(command: Command, surroundings: Surroundings): void {
  const store = new ContextStore(tunnelmeshHome(surroundings));
  const say = (data: unknown, text: string): void => {
    print(surroundings, command.optsWithGlobals(), data, text);
  };
  command.addHelpText('afterAll', EXAMPLES);

  command
    .command('create <name>')
    .description('make a context for an operator; the token is kept in it, mode 0600')
    .requiredOption('--server <url>', 'the coordinator, https://host[:port] (8443 unless given); required')
    .requiredOption('--ca <file>', "the mesh CA's certificate, ca.pem of the coordinator; required")
    .option('--token-file <file>', 'file that holds the token; - reads standard input (else TUNNELMESH_TOKEN)')
    .action(async (name: string, options: CreateOptions) => {
      const context = await contextOf(options, surroundings);
      const before = await store.find(name);
      if (before && !isDeepStrictEqual(before, context))
        throw new Failure(
          EXIT.failed,
          `there is another context ${name} already; delete it first, or choose another name`,
        );
      await store.put(name, context);
      const current = await store.current();
      const hint = current === name ? '' : `; \`tunnelmesh context use ${name}\` makes it the current one`;
      say(shown(name, current, context), `Context ${name} created${hint}.\n`);
    });

  command
    .command('list')
    .description('list all contexts; * marks the current one')
    .action(async () => {
      const current = await store.current();
      const contexts = await Promise.all(
        (await store.names()).map(async (name) => shown(name, current, (await store.get(name)).context)),
      );
      const rows = contexts.map(({ current: is, name, kind, server, peer }) => [
        is ? '*' : '',
        name,
        kind,
        server,
        peer ?? '-',
      ]);
      say(
        { contexts },
        rows.length === 0
          ? 'No contexts. `tunnelmesh join` and `tunnelmesh context create` make them.\n'
          : renderColumns(['', 'NAME', 'KIND', 'SERVER', 'PEER'], rows),
      );
    });

  command
    .command('use <name>')
    .description('make a context the current one')
    .action(async (name: string) => {
      await store.use(name);
      say({ current: name }, `Current context: ${name}\n`);
    });

  command
    .command('show [name]')
    .description('show a context (default: the chosen one); the token is never shown')
    .action(async (name: string | undefined) => {
      const { context } = command.optsWithGlobals<GlobalOptions>();
      const named = name === undefined ? await chosenContext(context, surroundings) : await store.get(name);
      if (!named) throw new Failure(EXIT.wrongInput, 'no context is chosen; `tunnelmesh context list` shows all');
      const view = shown(named.name, await store.current(), named.context);
      const lines = Object.entries(view).filter(([, value]) => value !== null);
      say(view, lines.map(([key, value]) => `${`${key}:`.padEnd(10)}${String(value)}\n`).join(''));
    });

  command
    .command('delete <name>')
    .description('delete a context; what it points to stays as it is')
    .action(async (name: string) => {
      await store.delete(name);
      say({ deleted: name }, `Context ${name} deleted.\n`);
    });
}
