/** `tunnelmesh lab`: a whole mesh on this machine, every node and device in network namespaces of its own. */
import type { Command } from 'commander';
import { labClient, labDown, labExec, labKill, labProve, labStatus, labSupervise, labUp } from '../lab/lab.ts';
import type { LabStatus } from '../lab/control.ts';
import { renderColumns } from './columns.ts';
import { type GlobalOptions, print } from './command.ts';
import { Ended, EXIT, Failure, wrongArguments } from './failure.ts';
import { expandPath } from './home.ts';
import { meshFileAt, PROGRAM, sayProgress, STATE_OPTION, type StateOption, stateOf } from './lab-command.ts';
import { defineLabStart } from './lab-start.ts';
import type { Surroundings } from './surroundings.ts';
import { endOrStop } from './waiting.ts';

const EXAMPLES = `
Examples:
  tunnelmesh lab up --mesh mesh.yaml --detach
  tunnelmesh lab exec operator -- tunnelmesh client add iphone --out out
  tunnelmesh lab client iphone --config out/wg-eu.conf
  tunnelmesh lab exec iphone -- ping -c 3 172.30.0.1
  tunnelmesh lab kill wg-eu
  tunnelmesh lab prove
  tunnelmesh lab down`;

function renderStatus({ phase, failure, hosts }: LabStatus): string {
  const rows = hosts.map(({ name, kind, address, daemon, tunnel }) => [
    name,
    kind,
    address,
    daemon === null
      ? '-'
      : `${daemon.running ? 'runs' : (daemon.last_end ?? 'starts')}${daemon.restarts > 0 ? `, ${String(daemon.restarts)} restarts` : ''}`,
    tunnel ?? '-',
  ]);
  const table = renderColumns(['HOST', 'KIND', 'ADDRESS', 'DAEMON', 'TUNNEL'], rows);
  return `The lab is ${phase}${failure === null ? '' : `: ${failure}`}.\n\n${table}`;
}

/** Adds the subcommand's own subcommands. */
export function define(command: Command, surroundings: Surroundings): void {
  command.addHelpText('afterAll', EXAMPLES);
  const global = (): GlobalOptions => command.optsWithGlobals<GlobalOptions>();
  const at = (options: StateOption): { stateDirectory: string } => stateOf(options, surroundings);

  defineUp(command, surroundings);
  defineLabStart(command, surroundings);

  command
    .command('down')
    .description('end the lab, whatever state it is in, and remove its folder')
    .option(...STATE_OPTION)
    .action(async (options: StateOption) => {
      await labDown(at(options));
    });

  command
    .command('status')
    .description('show the hosts of the lab')
    .option(...STATE_OPTION)
    .action(async (options: StateOption) => {
      const status = await labStatus(at(options));
      if (!status)
        throw new Failure(
          EXIT.failed,
          `no lab is running in ${options.state}; \`tunnelmesh lab up --detach\` starts one`,
        );
      print(surroundings, global(), status, renderStatus(status));
    });

  command
    .command('exec <host> <command...>')
    .description('run a command on a host (after --); ends with its exit code')
    .option(...STATE_OPTION)
    .action(async (host: string, [program = '', ...rest]: string[], options: StateOption) => {
      throw new Ended(await labExec({ ...at(options), host, command: [program, ...rest] }));
    });

  command
    .command('client <device>')
    .description('bring up a tunnel on a device, with wg-quick and nothing of ours; starts the device')
    .option('--config <file>', 'a wg-quick configuration; the tunnel is named after the file')
    .option('--down', 'take the tunnel down')
    .option(...STATE_OPTION)
    .action(async (device: string, options: StateOption & { readonly config?: string; readonly down?: boolean }) => {
      if ((options.config === undefined) === (options.down === undefined))
        throw wrongArguments({ path: '--config', given: options.config, allowed: 'one of --config FILE and --down' });
      const configFile = options.config === undefined ? null : expandPath(options.config, surroundings);
      const printed = await labClient({ ...at(options), device, configFile });
      print(surroundings, global(), { device, printed }, printed === '' ? '' : `${printed.trimEnd()}\n`);
    });

  command
    .command('kill <host>')
    .description("end a host's daemon with SIGKILL; the lab starts it again")
    .option(...STATE_OPTION)
    .action(async (host: string, options: StateOption) => {
      await labKill({ ...at(options), host });
    });

  command
    .command('prove')
    .description('prove that the mesh does what it promises, with figures')
    .option('--out <directory>', "where the first client's files go", 'out')
    .option(...STATE_OPTION)
    .action(async (options: StateOption & { readonly out: string }) => {
      const proof = await labProve({
        ...at(options),
        outDirectory: expandPath(options.out, surroundings),
        progress: sayProgress(surroundings),
      });
      print(surroundings, global(), proof, proof.proved ? 'Everything was proved.\n' : '');
      if (!proof.proved) throw new Failure(EXIT.failed, `not everything was proved: ${proof.failures.join('; ')}`);
    });

  command
    .command('supervise', { hidden: true })
    .option(...STATE_OPTION)
    .action(async (options: StateOption) => {
      await labSupervise(at(options));
    });
}

function defineUp(command: Command, surroundings: Surroundings): void {
  command
    .command('up')
    .description('start the mesh of a mesh file on this machine; returns when the mesh answers')
    .option('--mesh <file>', 'mesh file, YAML or HCL', 'mesh.yaml')
    .option('--detach', 'leave it running until `lab down`; otherwise Ctrl-C ends it')
    .option(...STATE_OPTION)
    .action(async (options: StateOption & { readonly mesh: string; readonly detach?: boolean }) => {
      const { stop, stdout } = surroundings;
      const state = stateOf(options, surroundings);
      const lab = await labUp({
        ...state,
        meshFile: await meshFileAt(options.mesh, surroundings),
        program: PROGRAM,
        detach: options.detach === true,
        progress: sayProgress(surroundings),
        stop,
      });
      if (!lab) stdout.write('The lab is up already.\n');
      if (!lab || options.detach) return;
      stdout.write('The lab is up; Ctrl-C ends it.\n');
      const how = await endOrStop(stop, [lab.ended]);
      await labDown(state);
      if (how !== undefined) throw new Failure(EXIT.failed, `the lab ended: ${how}`);
    });
}
