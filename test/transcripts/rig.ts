/** Runs the real program in this process, in a home and a working directory of its own. */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { systemClock } from '../../host/clock.ts';
import { main } from '../../scripts/program.ts';
import type { Output, Surroundings } from '../../scripts/surroundings.ts';

/** What a command left. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** An output that is kept. */
class Kept implements Output {
  readonly isTerminal = false;
  readonly columns = 100;
  text = '';

  write(text: string): void {
    this.text += text;
  }
}

/** A stream of bytes that is the same in every run, and different at every call. */
function countedBytes(): (count: number) => Uint8Array {
  let calls = 0;
  return (count) => {
    calls += 1;
    return createHash('sha512')
      .update(`bytes ${String(calls)}`)
      .digest()
      .subarray(0, count);
  };
}

/** See the file's comment. */
export class Rig {
  readonly directory: string;
  readonly env: Record<string, string> = {};
  readonly #random = countedBytes();

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async make(): Promise<Rig> {
    const rig = new Rig(await mkdtemp(join(tmpdir(), 'tunnelmesh-transcript-')));
    await mkdir(rig.home);
    await mkdir(rig.#work);
    return rig;
  }

  get home(): string {
    return join(this.directory, 'home');
  }

  get #work(): string {
    return join(this.directory, 'work');
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true });
  }

  async write(name: string, text: string): Promise<void> {
    const file = this.#path(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: 0o600 });
  }

  /** Runs one command line; `~` and the rig's own directory are written `~` and `.` in what it printed. */
  async run(words: readonly string[], input = ''): Promise<Outcome> {
    const [program, ...argv] = words;
    if (program !== 'tunnelmesh') return this.#look(words);
    const [stdout, stderr] = [new Kept(), new Kept()];
    const surroundings: Surroundings = {
      env: this.env,
      directory: this.#work,
      home: this.home,
      stdout,
      stderr,
      readInput: () => Promise.resolve(input),
      clock: systemClock,
      random: this.#random,
      stop: new AbortController().signal,
    };
    const exitCode = await main(argv, surroundings);
    return { stdout: this.#shorten(stdout.text), stderr: this.#shorten(stderr.text), exitCode };
  }

  #path(name: string): string {
    return name.startsWith('~/') ? join(this.home, name.slice(2)) : join(this.#work, name);
  }

  #shorten(text: string): string {
    return text.replaceAll(this.home, '~').replaceAll(`${this.#work}/`, './').replaceAll(this.#work, '.');
  }

  async #look([command = '', name = '']: readonly string[]): Promise<Outcome> {
    const path = this.#path(name);
    const said = (stdout: string): Outcome => ({ stdout, stderr: '', exitCode: 0 });
    switch (command) {
      case 'cat':
        return said(await readFile(path, 'utf8'));
      case 'ls':
        return said(
          (await readdir(path))
            .sort()
            .map((entry) => `${entry}\n`)
            .join(''),
        );
      case 'mode':
        return said(`${((await stat(path)).mode & 0o777).toString(8).padStart(4, '0')}\n`);
      default:
        throw new Error(`a transcript knows no command ${command}`);
    }
  }
}
