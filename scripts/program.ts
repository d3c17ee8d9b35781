/** The `tunnelmesh` command: a table of subcommands, of which only the one that is called gets loaded. */
import { Command, CommanderError } from 'commander';
import { COMMANDS } from './command-table.ts';
import { Ended, type Ending, endingOf, EXIT, problemDocumentOf } from './failure.ts';
import { mayColour, type Surroundings } from './surroundings.ts';
import { VERSION } from './version.ts';

const EPILOGUE = `
Examples:
  sudo tunnelmesh serve --config server.yaml
  sudo tunnelmesh join --config peer.yaml --context wg-gateway
  tunnelmesh client add iPhone --gateway wg-eu
  tunnelmesh client list --json

Environment:
  TUNNELMESH_HOME      contexts and keys (default: ~/.tunnelmesh)
  TUNNELMESH_CONTEXT   the context, unless --context is given
  TUNNELMESH_TOKEN     the token, unless a file is given
  TUNNELMESH_DEVICES   "simulated": make no network devices, only pretend
  TUNNELMESH_DEBUG=1   show where an error comes from
  NO_COLOR=1           no colour

Exit codes:
  0 done   1 refused or failed   2 wrong input   3 not reachable   130 ended by Ctrl-C`;

async function build(argv: readonly string[], surroundings: Surroundings, unaskedHelp: () => void): Promise<Command> {
  const { stdout, stderr } = surroundings;
  const program = new Command('tunnelmesh')
    .description('A private WireGuard mesh whose clients need nothing but the standard WireGuard apps.')
    .version(VERSION, '--version', 'print the version')
    .option('--context <name>', 'the context to work in (`tunnelmesh context list`)')
    .option('--json', 'print data and errors as JSON')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .configureHelp({ showGlobalOptions: true })
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        stdout.write(text);
      },
      // Only help that nobody asked for, because a subcommand is missing, goes there.
      writeErr: (text) => {
        stderr.write(text);
        unaskedHelp();
      },
      // `main` says it, in the form that the person asked for.
      outputError: () => undefined,
      getOutHelpWidth: () => stdout.columns,
      getErrHelpWidth: () => stderr.columns,
      getOutHasColors: () => mayColour(surroundings),
      getErrHasColors: () => false,
    });
  const { operands } = program.parseOptions([...argv]);
  const called = operands[0] === 'help' ? operands[1] : operands[0];
  for (const { name, summary, load, hidden } of COMMANDS) {
    const command = program.command(name, { hidden: hidden ?? false }).description(summary);
    if (name === called) (await load()).define(command, surroundings);
  }
  return program;
}

/**
 * Runs one command line.
 * @param argv - the arguments, without interpreter and script
 * @returns the exit code; see {@link EXIT}
 */
export async function main(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stop } = surroundings;
  const help = { unasked: false };
  try {
    const program = await build(argv, surroundings, () => (help.unasked = true));
    await program.parseAsync([...argv], { from: 'user' });
    return stop.aborted && stop.reason === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    if (error instanceof Ended) return error.exitCode;
    // Commander would take the exit code of help from the process.
    if (error instanceof CommanderError && error.code === 'commander.help')
      return help.unasked ? EXIT.wrongInput : EXIT.ok;
    const ending = endingOf(error);
    if (ending === undefined) return EXIT.ok;
    // A request that our own end cut off is no news; what went wrong while cleaning up is.
    if (!stop.aborted || ending.exitCode !== EXIT.unreachable) tell(error, ending, argv, surroundings);
    if (stop.aborted) return stop.reason === 'SIGINT' ? EXIT.interrupted : EXIT.terminated;
    return ending.exitCode;
  }
}

function tell(error: unknown, ending: Ending, argv: readonly string[], { env, stderr }: Surroundings): void {
  const words = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  if (words.includes('--json')) stderr.write(`${JSON.stringify(problemDocumentOf(ending))}\n`);
  else stderr.write(`tunnelmesh: ${ending.detail}\n`);
  if (env['TUNNELMESH_DEBUG'] === '1' && error instanceof Error) stderr.write(`${error.stack ?? ''}\n`);
}
