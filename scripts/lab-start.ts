/** `tunnelmesh lab start`, behind `npm start`: the mesh of three regions on this machine, proved, and left to look at. */
import { fileURLToPath } from 'node:url';
import { type Command, Option } from 'commander';
import { labCapability, labDown, labProve, labUp } from '../lab/lab.ts';
import type { Proof } from '../lab/proof.ts';
import { EXIT, Failure } from './failure.ts';
import { expandPath } from './home.ts';
import { meshFileAt, PROGRAM, sayProgress, STATE_OPTION, type StateOption, stateOf } from './lab-command.ts';
import { endOrStop } from './waiting.ts';
import type { Surroundings } from './surroundings.ts';

/** Gateways in three regions, as HCL. */
const MESH_FILE = fileURLToPath(new URL('../examples/scenario-3/mesh.tfvars', import.meta.url));

interface StartOptions extends StateOption {
  readonly mesh: string;
  readonly out: string;
  readonly once?: boolean;
}

/** Adds `lab start`. */
export function defineLabStart(command: Command, surroundings: Surroundings): void {
  command
    .command('start')
    .description('start a mesh of three regions, prove that it works, and keep it until Ctrl-C')
    .option('--once', 'end after the proof; exit code 0 only if everything was proved on real devices')
    .addOption(
      new Option('--mesh <file>', 'mesh file, YAML or HCL').default(MESH_FILE, 'a coordinator and three gateways'),
    )
    .option('--out <directory>', "where the first client's files go", 'out')
    .option(...STATE_OPTION)
    .action(async (options: StartOptions) => {
      const capability = await labCapability();
      if (capability.possible) await start(options, surroundings);
      else await withoutNamespaces(capability.reason, options, surroundings);
    });
}

async function start(options: StartOptions, surroundings: Surroundings): Promise<void> {
  const { stop, stdout } = surroundings;
  const state = stateOf(options, surroundings);
  const progress = sayProgress(surroundings);
  const lab = await labUp({
    ...state,
    meshFile: await meshFileAt(options.mesh, surroundings),
    program: PROGRAM,
    detach: false,
    progress,
    stop,
  });
  if (!lab) throw new Failure(EXIT.failed, `a lab is up already in ${options.state}; \`tunnelmesh lab down\` ends it`);
  try {
    const outDirectory = expandPath(options.out, surroundings);
    const proving = labProve({ ...state, outDirectory, progress });
    // Told to stop, we take the lab away from under the proof; what it then says is nobody's business.
    proving.catch(() => undefined);
    const proof = await endOrStop(stop, [proving]);
    if (!proof) return;
    stdout.write(summary(proof));
    if (options.once) {
      if (!proof.proved) throw notProved(proof);
      return;
    }
    stdout.write(whereToLook(state.stateDirectory));
    const how = await endOrStop(stop, [lab.ended]);
    if (how !== undefined) throw new Failure(EXIT.failed, `the lab ended: ${how}`);
  } finally {
    await labDown(state);
  }
}

function notProved({ failures }: Proof): Failure {
  return new Failure(EXIT.failed, `not everything was proved: ${failures.join('; ')}`);
}

function summary({ proved, failures, client }: Proof): string {
  const files = (client?.files ?? []).map(({ gateway, config }) => `  ${gateway}: ${config}\n`).join('');
  return `
${proved ? 'Everything was proved on real devices.' : `NOT everything was proved:\n${failures.map((failure) => `  ${failure}\n`).join('')}`}
${client ? `Client ${client.name}, ${client.address}; beside each file its QR code (.png):\n${files}` : ''}`;
}

function whereToLook(stateDirectory: string): string {
  return `
Logs and data of each node: ${stateDirectory}/nodes
Look around from another terminal:
  npx tunnelmesh lab status
  npx tunnelmesh lab exec operator -- tunnelmesh client list
  npx tunnelmesh lab exec wg-eu -- tunnelmesh status
  npx tunnelmesh lab exec iphone -- ping 172.30.0.1

Ctrl-C ends it.
`;
}

/** What can be shown where no namespaces can be made: the reason, and unless `--once`, a coordinator with simulated devices. */
async function withoutNamespaces(reason: string, options: StartOptions, surroundings: Surroundings): Promise<void> {
  if (options.once) throw new Failure(EXIT.failed, `nothing can be proved here. ${reason}`);
  surroundings.stdout.write(
    `${reason}\nA coordinator with simulated devices runs instead, to look at; Ctrl-C ends it.\n`,
  );
  // Loaded only here: it brings the whole coordinator with it.
  const { lookAtSimulation } = await import('./simulation.ts');
  await lookAtSimulation(stateOf(options, surroundings).stateDirectory, surroundings);
}
