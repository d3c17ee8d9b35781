/** The steps of a test run: each printed with its time, all of them run, everything that failed counted. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runForeground } from './command.mjs';

/**
 * What a step, or a whole run, came to. A linter has no tests to count, so that passing adds nothing; failing adds one.
 * @typedef {{ readonly passed: number, readonly failed: number }} Count
 */

/**
 * The part of jest's `--json` report that is counted (https://jestjs.io/docs/configuration#testresultsprocessor-string).
 * @typedef {{ numPassedTests: number, numFailedTests: number, numRuntimeErrorTestSuites: number,
 *   numPendingTests: number, numTodoTests: number }} JestReport
 */

/**
 * Counts one run of jest. A file that could not run and a skipped test are failures: a law that is not checked is not
 * kept. So is an exit code that no counted failure explains.
 * @param {JestReport | undefined} report - undefined when jest left none
 * @param {number} exitCode
 * @returns {Count}
 */
export function countJest(report, exitCode) {
  if (report === undefined) return { passed: 0, failed: 1 };
  const failed =
    report.numFailedTests + report.numRuntimeErrorTestSuites + report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed: exitCode !== 0 && failed === 0 ? 1 : failed };
}

/**
 * The last line of a run, for people and for machines.
 * @param {Count} count
 */
export function renderCount({ passed, failed }) {
  return `${passed} passed, ${failed} failed`;
}

/** A run of several steps. Once it is interrupted, the steps that are left do not start. */
export class Steps {
  #passed = 0;
  #failed = 0;
  #interrupted = false;
  /** @type {string[]} */
  #summary = [];

  /** Says whether somebody asked the run to end. */
  get interrupted() {
    return this.#interrupted;
  }

  /** What the steps so far came to. */
  get count() {
    return { passed: this.#passed, failed: this.#failed };
  }

  /**
   * Does one step and counts it; one that throws has failed.
   * @param {string} name
   * @param {() => Promise<Count>} step
   * @returns {Promise<boolean>} whether nothing failed
   */
  async take(name, step) {
    if (this.#interrupted) return false;
    console.log(`\n=== ${name}`);
    const began = performance.now();
    /** @type {Count} */
    let count;
    try {
      count = await step();
    } catch (error) {
      console.error(error instanceof Error ? error.message : String(error));
      count = { passed: 0, failed: 1 };
    }
    this.#passed += count.passed;
    this.#failed += count.failed;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    const tests = count.passed === 0 ? '' : `, ${renderCount(count)}`;
    const line = `${count.failed === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s${tests})`;
    this.#summary.push(line);
    console.log(line);
    return count.failed === 0;
  }

  /**
   * Runs a program that checks something and says by its exit code what it found.
   * @param {readonly [string, ...string[]]} argv
   * @param {number} timeoutMs
   * @returns {Promise<Count>}
   */
  async check(argv, timeoutMs) {
    return { passed: 0, failed: (await this.#run(argv, timeoutMs)) === 0 ? 0 : 1 };
  }

  /**
   * Runs the tests of one jest project and counts them.
   * @param {string} root - the checkout
   * @param {'unit' | 'e2e' | 'boot'} project
   * @param {readonly string[]} args
   * @param {number} timeoutMs
   * @returns {Promise<Count>}
   */
  async jest(root, project, args, timeoutMs) {
    const directory = mkdtempSync(join(tmpdir(), 'tunnelmesh-test-'));
    try {
      const path = join(directory, 'report.json');
      const program = ['--experimental-vm-modules', '--no-warnings', join(root, 'node_modules/jest/bin/jest.js')];
      // `--selectProjects` takes every word up to the next option, so that paths must not follow it.
      const options = ['--selectProjects', project, '--ci', '--no-watchman', '--json', `--outputFile=${path}`];
      const code = await this.#run([process.execPath, ...program, ...options, ...args], timeoutMs);
      return countJest(readReport(path), code);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  /** Prints every step's line again, and what they came to as the last line. */
  conclude() {
    console.log(
      `\n${this.#summary.join('\n')}${this.#interrupted ? '\nInterrupted.' : ''}\n\n${renderCount(this.count)}`,
    );
  }

  /**
   * @param {readonly [string, ...string[]]} argv
   * @param {number} timeoutMs
   */
  async #run(argv, timeoutMs) {
    const { code, interrupted, timedOut } = await runForeground(argv, { timeoutMs });
    this.#interrupted ||= interrupted;
    if (timedOut) console.error(`It did not end within ${timeoutMs / 60_000} min and was stopped.`);
    return code;
  }
}

/**
 * @param {string} path
 * @returns {JestReport | undefined}
 */
function readReport(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
