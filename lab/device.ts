/** A client's device: a host with the standard tools and nothing of ours in them. */
import { CommandError, type Run } from '../host/run.ts';
import { type HostSpace, runOnHost, writeHostFile } from './host-space.ts';

/** What wg-quick takes for an interface's name (wg-quick(8)): the configuration file's name without `.conf`. */
export const INTERFACE_PATTERN = /^[a-zA-Z0-9_=+.-]{1,15}$/;

/** Time for wg-quick to do its work, in milliseconds; resolving an endpoint's name may take most of it. */
const WG_QUICK_TIMEOUT_MS = 30_000;

const CONFIGURATION_MODE = 0o600;

/** Bringing tunnels up and down on one device, one at a time, as its user would. */
export class Device {
  readonly space: HostSpace;
  readonly #run: Run;
  readonly #path: string;
  #tunnel: string | undefined;

  constructor(run: Run, space: HostSpace, path: string) {
    this.space = space;
    this.#run = run;
    this.#path = path;
  }

  /** The tunnel that is up. */
  get tunnel(): string | null {
    return this.#tunnel ?? null;
  }

  /**
   * Writes the configuration to `/etc/wireguard/NAME.conf` and says `wg-quick up NAME`, after `wg-quick down` of the
   * tunnel that was up.
   * @returns what wg-quick printed: the commands that it ran
   * @throws CommandError when wg-quick fails; it has undone what it did
   */
  async up(name: string, configuration: string): Promise<string> {
    const before = await this.down();
    await writeHostFile(this.space, {
      path: `/etc/wireguard/${name}.conf`,
      content: configuration,
      mode: CONFIGURATION_MODE,
    });
    const after = await this.#wgQuick('up', name);
    this.#tunnel = name;
    return before + after;
  }

  /** Takes the tunnel down that is up, if one is. */
  async down(): Promise<string> {
    const name = this.#tunnel;
    if (name === undefined) return '';
    this.#tunnel = undefined;
    try {
      return await this.#wgQuick('down', name);
    } catch (error) {
      // Somebody took it down by hand on the device; then there is nothing left to do.
      if (error instanceof CommandError && error.output.includes('is not a WireGuard interface')) return '';
      throw error;
    }
  }

  async #wgQuick(verb: 'up' | 'down', name: string): Promise<string> {
    return (await runOnHost(this.#run, this.space, ['wg-quick', verb, name], this.#path, WG_QUICK_TIMEOUT_MS)).stderr;
  }
}
