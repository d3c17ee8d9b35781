/** A daemon that somebody starts by hand on a host of a lab, in the background, and ends by its pid. */
import type { TestLab } from './test-lab.ts';

/** How long it may take to do what is waited for, in seconds. */
const TIMEOUT_S = 20;

/** See the file's comment. */
export class ByHand {
  readonly #lab: TestLab;
  readonly #host: string;
  /** Path of its pid and its log on the host, without the endings. */
  readonly #files: string;

  private constructor(lab: TestLab, host: string, name: string) {
    this.#lab = lab;
    this.#host = host;
    this.#files = `/run/${name}`;
  }

  /**
   * Starts it.
   * @param name - a name for its files on the host
   * @param line - one simple command, as typed into a shell
   */
  static async start(lab: TestLab, host: string, name: string, line: string): Promise<ByHand> {
    const daemon = new ByHand(lab, host, name);
    await daemon.#shell(`${line} >${daemon.#files}.log 2>&1 & echo $! >${daemon.#files}.pid`);
    return daemon;
  }

  /** Waits until its log holds the text. */
  async says(text: string): Promise<void> {
    await this.#until(`grep -qF '${text}' ${this.#files}.log`);
  }

  /** What it has printed. */
  async log(): Promise<string> {
    return this.#shell(`cat ${this.#files}.log`);
  }

  /** Ends it as systemd would, and waits until it has ended. */
  async end(): Promise<void> {
    await this.#shell(`kill $(cat ${this.#files}.pid)`);
    await this.#until(`! kill -0 $(cat ${this.#files}.pid) 2>/dev/null`);
  }

  #until(condition: string): Promise<string> {
    return this.#shell(
      `n=0; until ${condition}; do n=$((n + 1)); [ $n -lt ${String(TIMEOUT_S * 10)} ] || exit 1; sleep 0.1; done`,
    );
  }

  async #shell(line: string): Promise<string> {
    return (await this.#lab.on(this.#host, ['sh', '-c', line])).stdout;
  }
}
