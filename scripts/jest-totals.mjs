// Jest reporter that appends one line of totals a run to the file which EMBERGATE_TOTALS_LOG names.
// https://jestjs.io/docs/configuration#reporters-arraymodulename--modulename-options

import { appendFileSync } from 'node:fs';

/** Adds up what Jest counted; a file that could not even be loaded is one failure, as no test of it is counted. */
export const totalsOf = (results) => ({
  passed: results.numPassedTests,
  failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
  skipped: results.numPendingTests + results.numTodoTests,
  interrupted: results.wasInterrupted,
});

export default class TotalsReporter {
  onRunComplete(_contexts, results) {
    const log = process.env.EMBERGATE_TOTALS_LOG;
    if (log !== undefined) appendFileSync(log, `${JSON.stringify(totalsOf(results))}\n`);
  }
}
