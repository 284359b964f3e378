/** Prints what CI reads: one line with the number of tests that passed, failed and were skipped. */
export default class ClosingLine {
  onRunComplete(_contexts, { numPassedTests, numFailedTests, numPendingTests, numTodoTests }) {
    const skipped = numPendingTests + numTodoTests;
    console.log(`jest: ${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped`);
  }
}
