/** A host's daemon, kept running as systemd would with `Restart=always` (systemd.service(5)). */
import { insideHost } from './namespaces.ts';
import type { HostSpace, LabEffects } from './host-space.ts';
import { hostEnvironment } from './host-space.ts';
import { childrenOf } from './process-table.ts';

/** Time between an end and the next start, in milliseconds. */
const RESTART_DELAY_MS = 500;

/** How a daemon is doing. */
export interface DaemonStatus {
  /** Whether it runs at this moment. */
  readonly running: boolean;
  /** How often it has ended and was started again. */
  readonly restarts: number;
  /** How it ended last, in a few words. */
  readonly last_end: string | null;
}

/**
 * The daemon of one host. Only the process itself is restarted, as with `KillMode=process`: `wireguard-go`, which plays the
 * kernel's part here, outlives a daemon that crashes, as the kernel's device does.
 */
export class Daemon {
  readonly #effects: LabEffects;
  readonly #space: HostSpace;
  readonly #log: number;
  readonly #path: string;
  #pid: number | undefined;
  #restarts = 0;
  #lastEnd: string | null = null;

  /** @param log - file descriptor of its log, opened for appending */
  constructor(effects: LabEffects, space: HostSpace, log: number, path: string) {
    this.#effects = effects;
    this.#space = space;
    this.#log = log;
    this.#path = path;
  }

  get status(): DaemonStatus {
    return { running: this.#pid !== undefined, restarts: this.#restarts, last_end: this.#lastEnd };
  }

  /** Starts it, again and again. Only the end of the supervisor ends this. */
  async keepRunning(): Promise<never> {
    const { daemon } = this.#space.host;
    if (daemon === null) throw new TypeError(`${this.#space.host.name} has no daemon`);
    for (;;) {
      const process = this.#effects.start(insideHost(this.#space.holder, daemon), {
        output: this.#log,
        env: hostEnvironment(this.#path),
      });
      this.#pid = process.pid;
      this.#lastEnd = await process.ended;
      this.#pid = undefined;
      await this.#effects.clock.sleep(RESTART_DELAY_MS);
      this.#restarts += 1;
    }
  }

  /** Ends it with SIGKILL. @returns false when it was not running */
  async kill(): Promise<boolean> {
    if (this.#pid === undefined) return false;
    // `nsenter` forks to enter a PID namespace, so the daemon is its child.
    const children = await childrenOf(this.#pid);
    for (const child of children) process.kill(child, 'SIGKILL');
    return children.length > 0;
  }
}
