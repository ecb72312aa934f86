// The reporter counts what did not even load as a failure.

import { expect, it } from '@jest/globals';
import { totalsOf } from '../../../scripts/jest-totals.mjs';

it('adds up what Jest counted', () => {
  const results = {
    numPassedTests: 5,
    numFailedTests: 1,
    numRuntimeErrorTestSuites: 2,
    numPendingTests: 3,
    numTodoTests: 1,
    wasInterrupted: false,
  };
  expect(totalsOf(results)).toEqual({ passed: 5, failed: 3, skipped: 4, interrupted: false });
});
