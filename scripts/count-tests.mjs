// `node scripts/count-tests.mjs <vitest's JSON report> <vitest's exit code>` prints how many tests
// passed, failed and were skipped: `12 0 1`. What fails outside of a test counts as one failure: a
// file that does not load or clean up, an error between tests, a run without any test.
import { existsSync, readFileSync } from 'node:fs'

const [report = '', exitCode] = process.argv.slice(2)
const results = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : {}
const { numPassedTests: passed = 0, numPendingTests: pending = 0, numTodoTests: todo = 0 } = results
const { numFailedTests = 0, testResults: files = [] } = results
const failedFiles = files.filter(
  (file) =>
    file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed'),
)
const failed = numFailedTests + failedFiles.length
const isUncounted = failed === 0 && (exitCode !== '0' || passed === 0)
console.log(passed, isUncounted ? 1 : failed, pending + todo)
