/**
 * The first process of a lab's namespaces. It builds the internet and the hosts that the plan names, keeps the daemons
 * running, serves the control socket, and takes everything with it when it ends.
 */
import { join } from 'node:path';
import type { Log } from '../host/log.ts';
import { CommandError } from '../host/run.ts';
import type { Label } from '../mesh/name.ts';
import {
  type HostStatus,
  type LabAnswer,
  LabRefusal,
  type LabRequest,
  type LabStatus,
  listenForRequests,
} from './control.ts';
import { Daemon } from './daemon.ts';
import { Device } from './device.ts';
import { buildHost, type HostSpace, type LabEffects, runOnHost, takeStep } from './host-space.ts';
import { internetDns, internetStep } from './internet.ts';
import type { Argv } from './namespaces.ts';
import { addressAfter, FIRST_DEVICE, type LabHost, type LabPlan, MAX_DEVICES } from './plan.ts';
import type { StateDirectory } from './state-directory.ts';

/** How often a host is asked whether it is up, and for how long at most, in milliseconds. */
const READY_POLL_MS = 100;
const READY_TIMEOUT_MS = 60_000;

/** Time for one question whether a host is up, in milliseconds. */
const READY_COMMAND_TIMEOUT_MS = 10_000;

/** What a supervisor takes from outside. */
export interface SupervisorSetting {
  readonly effects: LabEffects;
  readonly log: Log;
  readonly state: StateDirectory;
  readonly plan: LabPlan;
  /** PATH of the machine's tools. */
  readonly path: string;
  /** Ends the process, and thereby the lab. */
  readonly end: () => void;
}

/** See the file's comment. */
export class Supervisor {
  readonly #setting: SupervisorSetting;
  readonly #spaces = new Map<string, HostSpace>();
  readonly #daemons = new Map<string, Daemon>();
  readonly #devices = new Map<string, Device>();
  readonly #progress: string[] = [];
  #ports = 0;
  #listening = false;
  #up = false;
  #failure: string | null = null;
  /** Tunnel requests, one after the other. */
  #tunnels: Promise<unknown> = Promise.resolve();

  constructor(setting: SupervisorSetting) {
    this.#setting = setting;
  }

  /** Builds the lab and returns when every host says that it is up. @throws when something cannot be built */
  async build(): Promise<void> {
    const { effects, state, plan } = this.#setting;
    await takeStep(effects.run, { argv: ['mount', '-t', 'proc', 'proc', '/proc'] });
    await listenForRequests(state.controlSocket, (request) => this.#answer(request));
    this.#listening = true;
    await takeStep(effects.run, internetStep());
    this.#serveDns();
    const spaces = await Promise.all(plan.hosts.map((host) => this.#makeHost(host)));
    for (const space of spaces) this.#spaces.set(space.host.name, space);
    this.#say(`${String(plan.hosts.length)} hosts stand`);
    for (const host of plan.hosts) if (host.daemon !== null) this.#startDaemon(host);
    // Operators ask the mesh, so they come after those who make it.
    for (const kind of ['node', 'operator', 'device'] as const) {
      await Promise.all(plan.hosts.filter((host) => host.kind === kind).map((host) => this.#untilReady(host)));
    }
    this.#up = true;
    this.#say('the mesh answers');
  }

  /** Gives up: the status says why until somebody ends the lab. Before anybody can ask for it, the log does. */
  fail(why: string): void {
    this.#failure ??= why;
    this.#setting.log.error(why);
    if (!this.#listening) this.#setting.end();
  }

  #say(what: string): void {
    this.#progress.push(what);
    this.#setting.log.info(what);
  }

  #space(name: string): HostSpace {
    const space = this.#spaces.get(name);
    if (!space) throw new LabRefusal(`${name}: no such host; allowed: ${[...this.#spaces.keys()].join(', ')}`);
    return space;
  }

  async #makeHost(host: LabHost): Promise<HostSpace> {
    const { effects, state, plan } = this.#setting;
    this.#ports += 1;
    return buildHost(effects, host, this.#ports, await state.hostData(host), plan.program);
  }

  #serveDns(): void {
    const { effects, state, plan } = this.#setting;
    const dns = effects.start(internetDns(plan.names), { output: state.openLog(state.supervisorLog) });
    void dns.ended.then((how) => {
      this.fail(`the internet's DNS ended: ${how}`);
    });
  }

  #startDaemon(host: LabHost): void {
    const { effects, state, path } = this.#setting;
    const log = state.openLog(join(state.host(host), 'log'));
    const daemon = new Daemon(effects, this.#space(host.name), log, path);
    this.#daemons.set(host.name, daemon);
    void daemon.keepRunning();
  }

  async #untilReady(host: LabHost): Promise<void> {
    if (host.ready_when.length === 0) return;
    const { clock } = this.#setting.effects;
    const deadline = clock.monotonic() + READY_TIMEOUT_MS;
    for (const command of host.ready_when) {
      for (;;) {
        const refusal = await this.#attempt(host, command);
        if (refusal === undefined) break;
        if (clock.monotonic() > deadline) throw new Error(this.#lateness(host, refusal));
        await clock.sleep(READY_POLL_MS);
      }
    }
    this.#say(`${host.name} is up`);
  }

  /** Why the command fails on the host, or `undefined` when it does not. */
  async #attempt(host: LabHost, command: Argv): Promise<string | undefined> {
    const { effects, path } = this.#setting;
    try {
      await runOnHost(effects.run, this.#space(host.name), command, path, READY_COMMAND_TIMEOUT_MS);
      return undefined;
    } catch (error) {
      if (error instanceof CommandError) return error.message;
      throw error;
    }
  }

  #lateness(host: LabHost, refusal: string): string {
    const status = this.#daemons.get(host.name)?.status;
    const daemon = status?.last_end
      ? `; its daemon ended ${String(status.restarts)} times, last: ${status.last_end}`
      : '';
    const log = join(this.#setting.state.host(host), 'log');
    return `${host.name} was not up within ${String(READY_TIMEOUT_MS / 1000)} s: ${refusal}${daemon}; see ${log}`;
  }

  async #answer(request: LabRequest): Promise<LabAnswer> {
    switch (request.ask) {
      case 'status':
        return { status: this.#status() };
      case 'stop':
        // After the answer is on its way.
        setTimeout(() => {
          this.#setting.end();
        }, 10);
        return {};
      case 'kill': {
        const daemon = this.#daemons.get(this.#space(request.host).host.name);
        if (!daemon) throw new LabRefusal(`${request.host} has no daemon`);
        if (!(await daemon.kill())) throw new LabRefusal(`the daemon of ${request.host} is not running`);
        return {};
      }
      case 'tunnel-up':
        return this.#inTurn(async () => {
          const device = this.#devices.get(request.device) ?? (await this.#addDevice(request.device));
          return { printed: await device.up(request.name, request.configuration) };
        });
      case 'tunnel-down':
        return this.#inTurn(async () => {
          const device = this.#devices.get(request.device);
          if (!device) throw new LabRefusal(`${request.device}: no such device`);
          return { printed: await device.down() };
        });
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#tunnels.then(work);
    this.#tunnels = turn.catch(() => undefined);
    return turn;
  }

  async #addDevice(name: Label): Promise<Device> {
    if (this.#spaces.has(name)) throw new LabRefusal(`${name} is a host of the mesh; allowed: a device's own name`);
    if (this.#devices.size >= MAX_DEVICES) throw new LabRefusal(`a lab has ${String(MAX_DEVICES)} devices at most`);
    const address = addressAfter(FIRST_DEVICE, this.#devices.size);
    const host: LabHost = { name, kind: 'device', address, files: [], daemon: null, ready_when: [] };
    const space = await this.#makeHost(host);
    const device = new Device(this.#setting.effects.run, space, this.#setting.path);
    this.#spaces.set(name, space);
    this.#devices.set(name, device);
    return device;
  }

  #status(): LabStatus {
    const phase = this.#failure !== null ? 'failed' : this.#up ? 'up' : 'building';
    return { phase, failure: this.#failure, progress: this.#progress, hosts: this.#hosts() };
  }

  #hosts(): HostStatus[] {
    return [...this.#spaces.values()].map(({ host, holder }) => ({
      name: host.name,
      kind: host.kind,
      address: host.address,
      holder,
      daemon: this.#daemons.get(host.name)?.status ?? null,
      tunnel: this.#devices.get(host.name)?.tunnel ?? null,
    }));
  }
}
