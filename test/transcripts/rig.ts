/**
 * Runs the real program in this process, in a home and a working directory of its own, against a real coordinator where
 * the transcript asks for one. Besides commands it can
 *
 * - `start coordinator`: with the gateways wg-eu and wg-us; `ca.pem` and `token` then lie in the working directory, and
 *   `SERVER` stands for its URL
 * - `stop coordinator`: its port stays the one that `SERVER` stands for
 * - `write other.pem, another mesh's CA`
 */
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { CoordinatorUnderTest, TOKEN } from '../../coordinator/coordinator.fixture.ts';
import { CertificateAuthority } from '../../coordinator/certificate-authority.ts';
import { MESH } from '../../coordinator/records.fixture.ts';
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
  #coordinator: CoordinatorUnderTest | undefined;
  #server = '';

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
    await this.#coordinator?.remove();
    await rm(this.directory, { recursive: true });
  }

  async write(name: string, text: string): Promise<void> {
    const file = this.#path(name);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, text, { mode: 0o600 });
  }

  /** Does what the transcript says besides commands. */
  async do(deed: string): Promise<void> {
    if (deed === 'stop coordinator') {
      await this.#coordinator?.close();
      return;
    }
    if (deed === "write other.pem, another mesh's CA") {
      const authority = await CertificateAuthority.open(
        join(this.directory, 'other'),
        MESH,
        this.#random,
        systemClock.wall(),
      );
      await this.write('other.pem', authority.certificate);
      return;
    }
    if (deed !== 'start coordinator') throw new Error(`the rig cannot ${deed}`);
    const coordinator = await CoordinatorUnderTest.start();
    this.#coordinator = coordinator;
    this.#server = `https://127.0.0.1:${String(coordinator.port)}`;
    const claims = 'roles=wireguard;routes=;aliases=;generation=0';
    await coordinator.join('wg-us', {
      claims,
      wireguard: 'wg-us.example.com:51820',
      meshEndpoint: '203.0.113.11:51821',
    });
    await coordinator.join('wg-eu', {
      claims,
      wireguard: 'wg-eu.example.com:51820',
      meshEndpoint: '203.0.113.12:51821',
    });
    await this.write('ca.pem', coordinator.coordinator.ca);
    await this.write('token', `${TOKEN}\n`);
  }

  /** Runs one command line; `~` and the rig's own directory are written `~` and `.` in what it printed. */
  async run(words: readonly string[], input = ''): Promise<Outcome> {
    const [program, ...argv] = words.map((word) => word.replaceAll('SERVER', this.#server));
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
    const known = this.#server === '' ? text : text.replaceAll(this.#server, 'SERVER');
    return known.replaceAll(this.home, '~').replaceAll(`${this.#work}/`, './').replaceAll(this.#work, '.');
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
