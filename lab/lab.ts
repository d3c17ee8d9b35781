/**
 * The lab's operations, as the command line and tests call them: a whole mesh on this machine, every node and device a
 * set of private namespaces. Each takes real effects here and nowhere else.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { basename, isAbsolute, resolve } from 'node:path';
import { systemClock } from '../host/clock.ts';
import { type Attach, attach, type Run, run, start } from '../host/run.ts';
import { readMeshFile } from '../mesh/mesh-file.ts';
import type { Label } from '../mesh/name.ts';
import { quoteGiven } from '../mesh/problem.ts';
import { askSupervisor, type HostStatus, LabRefusal, type LabStatus } from './control.ts';
import { INTERFACE_PATTERN } from './device.ts';
import { hostEnvironment, type LabEffects } from './host-space.ts';
import { planOfMesh } from './mesh-plan.ts';
import { type Argv, besideSupervisor, type Capability, insideHost, probe, toolPath } from './namespaces.ts';
import type { LabPlan } from './plan.ts';
import { childrenOf } from './process-table.ts';
import type { Proof } from './proof.ts';
import { proofLab } from './proof-lab.ts';
import { prove } from './prove.ts';
import { exclusively, LabError, livingLab, startLab, stopLab } from './start.ts';
import { StateDirectory } from './state-directory.ts';
import { supervise } from './supervise.ts';
import { requireVisible } from './visible-place.ts';

/** The lab that is meant. */
export interface LabOptions {
  /** Its state directory; relative to the current directory. */
  readonly stateDirectory: string;
}

/** Length of an operator's token: 64 hexadecimal digits. */
const AUTH_TOKEN_BYTES = 32;

const path = toolPath(process.env['PATH']);

const runTool: Run = (argv, options = {}) => run(argv, { ...options, env: { PATH: path, ...options.env } });

const effects: LabEffects = { run: runTool, start, clock: systemClock };

/** Says whether a lab can be made on this machine, and otherwise why not, in one sentence. */
export function labCapability(): Promise<Capability> {
  return probe(runTool, process.getuid?.(), path);
}

/** How the lab of a mesh is started. */
export interface LabUpOptions extends LabOptions {
  /** The mesh file, YAML or HCL: its text, and its path as the person knows it. */
  readonly meshFile: { readonly path: string; readonly text: string };
  /** The command that runs this program. */
  readonly program: Argv;
  /** Whether the lab goes on after this process; otherwise it ends with it, however that ends. */
  readonly detach: boolean;
  readonly progress: (line: string) => void;
  /** When aborted before the lab is up, nothing of it is left and a LabError says so. */
  readonly stop?: AbortSignal;
}

/**
 * Starts the lab of a mesh file, after clearing away a dead one, and returns when the mesh answers. A lab of the same
 * file that is up already is left alone: `undefined`.
 * @throws ProblemsError when the mesh file cannot be used, LabError when the lab does not come up
 */
export async function labUp(options: LabUpOptions): Promise<RunningLab | undefined> {
  const state = new StateDirectory(options.stateDirectory);
  const { path: source, text } = options.meshFile;
  const origin = createHash('sha256').update(text).digest('hex');
  if ((await livingLab(state)) && (await state.plan()).origin === origin) return undefined;
  const plan = planOfMesh({
    mesh: await readMeshFile(text, source),
    source,
    origin,
    program: options.program,
    authToken: randomBytes(AUTH_TOKEN_BYTES).toString('hex'),
    nodesDirectory: state.nodesDirectory,
  });
  return labRun({ ...options, plan });
}

/** How a lab is started. */
export interface LabRunOptions extends LabOptions {
  readonly plan: LabPlan;
  /** Whether the lab goes on after this process; otherwise it ends with it, however that ends. */
  readonly detach: boolean;
  readonly progress: (line: string) => void;
  /** When aborted before the lab is up, nothing of it is left and a LabError says so. */
  readonly stop?: AbortSignal;
}

/** A lab that is up. */
export interface RunningLab {
  /** Settles when it ends: how, in a few words. */
  readonly ended: Promise<string>;
}

/** Starts the lab that a plan describes, after clearing away a dead one. @throws LabError when one is alive there */
export async function labRun(options: LabRunOptions): Promise<RunningLab> {
  const { plan, detach, progress, stop } = options;
  const state = new StateDirectory(options.stateDirectory);
  await requireVisible([
    { what: "the lab's folder", path: state.path },
    ...plan.program.filter((word) => isAbsolute(word)).map((path) => ({ what: 'this program', path })),
  ]);
  const capability = await labCapability();
  if (!capability.possible) throw new LabError(capability.reason);
  return exclusively(state, async () => {
    if (await livingLab(state))
      throw new LabError(`there is a lab in ${state.path} already; end it first: tunnelmesh lab down`);
    const { privilege } = capability;
    return startLab(effects, { state, plan, privilege, path, detach, progress, ...(stop ? { stop } : {}) });
  });
}

/** Ends the lab, whatever state it is in, and removes its state directory. Does nothing where there is none. */
export async function labDown(options: LabOptions): Promise<void> {
  const state = new StateDirectory(options.stateDirectory);
  await exclusively(state, () => stopLab(effects, state));
}

/** How the lab is doing, or `undefined` when there is none alive. */
export async function labStatus(options: LabOptions): Promise<LabStatus | undefined> {
  const state = new StateDirectory(options.stateDirectory);
  if (!(await livingLab(state))) return undefined;
  return (await askSupervisor(state.controlSocket, { ask: 'status' })).status;
}

/** A command on a host. */
export interface LabExecOptions extends LabOptions {
  readonly host: string;
  readonly command: Argv;
}

/** Runs the command on the host, with our terminal and in our directory if the host sees it. @returns its exit code */
export async function labExec(options: LabExecOptions, attached: Attach = attach): Promise<number> {
  const { argv, env } = await commandOnHost(options);
  return attached(argv, env);
}

/** Directories that are a host's own, so that ours of that name is not there. */
const HIDDEN = /^\/(?:etc|run|proc|sys|var\/run|var\/lib)(?:\/|$)/;

/** The command that runs a command on a host, from outside the lab, and what to add to its environment. */
export async function commandOnHost(
  options: LabExecOptions,
): Promise<{ readonly argv: Argv; readonly env: Record<string, string> }> {
  const state = new StateDirectory(options.stateDirectory);
  const record = await livingLab(state);
  const status = record && (await askSupervisor(state.controlSocket, { ask: 'status' })).status;
  const [supervisor] = record ? await childrenOf(record.launcher.pid) : [];
  if (!record || !status || supervisor === undefined) throw noLab(state);
  const host = findHost(status, options.host);
  const directory = process.cwd();
  const inside: Argv = ['env', `--chdir=${HIDDEN.test(directory) ? '/' : directory}`, ...options.command];
  return {
    argv: besideSupervisor(record.privilege, supervisor, insideHost(host.holder, inside)),
    env: hostEnvironment(path),
  };
}

function findHost(status: LabStatus, name: string): HostStatus {
  const host = status.hosts.find((each) => each.name === name);
  if (host) return host;
  const names = status.hosts.map((each) => each.name).join(', ');
  throw new LabError(`${quoteGiven(name)} is no host of this lab; allowed: ${names}`);
}

function noLab(state: StateDirectory): LabError {
  return new LabError(`no lab is running in ${state.path}; start one first: tunnelmesh lab up --detach`);
}

/** A tunnel on a device. */
export interface LabClientOptions extends LabOptions {
  readonly device: string;
  /** A standard wg-quick configuration; `null` takes the tunnel down. */
  readonly configFile: string | null;
}

/**
 * Brings a tunnel up on a device with wg-quick, starting the device if it is new and taking down the tunnel it had.
 * @returns what wg-quick printed
 */
export async function labClient(options: LabClientOptions): Promise<string> {
  const device = options.device as Label;
  if (options.configFile === null) return (await ask(options, { ask: 'tunnel-down', device })).printed ?? '';
  const name = basename(options.configFile, '.conf');
  if (!INTERFACE_PATTERN.test(name) || !options.configFile.endsWith('.conf')) {
    throw new LabError(
      `${quoteGiven(options.configFile)}: wg-quick names the tunnel after the file; allowed: 1 to 15 of A-Z, a-z, 0-9, _, =, +, . and -, followed by .conf`,
    );
  }
  const configuration = await readFile(options.configFile, 'utf8');
  return (await ask(options, { ask: 'tunnel-up', device, name, configuration })).printed ?? '';
}

/** Ends a host's daemon with SIGKILL; the lab starts it again. */
export async function labKill(options: LabOptions & { readonly host: string }): Promise<void> {
  await ask(options, { ask: 'kill', host: options.host });
}

async function ask(
  options: LabOptions,
  request: Parameters<typeof askSupervisor>[1],
): Promise<Awaited<ReturnType<typeof askSupervisor>>> {
  const state = new StateDirectory(options.stateDirectory);
  if (!(await livingLab(state))) throw noLab(state);
  try {
    return await askSupervisor(state.controlSocket, request);
  } catch (error) {
    if (error instanceof LabRefusal) throw new LabError(error.message);
    throw error;
  }
}

/** How a lab is put to the proof. */
export interface LabProveOptions extends LabOptions {
  /** Where the first client's files go; made if it is missing. */
  readonly outDirectory: string;
  readonly progress: (line: string) => void;
}

/**
 * Proves that the lab's mesh does what it promises; see `prove.ts`. The client that it adds stays, connected through the
 * last gateway, on a device of its name.
 */
export function labProve(options: LabProveOptions): Promise<Proof> {
  const lab = proofLab({
    ...effects,
    state: new StateDirectory(options.stateDirectory),
    commandOnHost: (host, command) => commandOnHost({ ...options, host, command }),
    tunnel: (device, configFile) => labClient({ ...options, device, configFile }),
  });
  return prove(lab, { outDirectory: resolve(options.outDirectory), progress: options.progress });
}

/** Is the lab's first process. Never returns; `lab up` starts it in namespaces of its own. */
export function labSupervise(options: LabOptions): Promise<never> {
  return supervise(effects, new StateDirectory(options.stateDirectory), path, (line) => process.stderr.write(line));
}
