import { describe, expect, it } from '@jest/globals';
import { countJest, renderCount } from './steps.mjs';

describe("the count of jest's tests", () => {
  const report = {
    numPassedTests: 7,
    numFailedTests: 0,
    numRuntimeErrorTestSuites: 0,
    numPendingTests: 0,
    numTodoTests: 0,
  };

  it('is what passed when everything did', () => {
    expect(countJest(report, 0)).toEqual({ passed: 7, failed: 0 });
  });

  it('takes a skipped test, a test that is only planned and a file that cannot run for failures', () => {
    const bad = { ...report, numFailedTests: 1, numRuntimeErrorTestSuites: 1, numPendingTests: 1, numTodoTests: 1 };
    expect(countJest(bad, 0)).toEqual({ passed: 7, failed: 4 });
  });

  it('is one failure when jest failed and no test did', () => {
    expect(countJest(report, 1)).toEqual({ passed: 7, failed: 1 });
  });

  it('is one failure when jest left no report', () => {
    expect(countJest(undefined, 0)).toEqual({ passed: 0, failed: 1 });
  });

  it('is printed alone on a line', () => {
    expect(renderCount({ passed: 7, failed: 1 })).toBe('7 passed, 1 failed');
  });
});
