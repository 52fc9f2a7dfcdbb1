import { runKills } from '../support/kill-rounds.ts'

// `npm run kills -- 500 7`: so many kills, from another seed.

const [kills, seed] = [wholeNumber(process.argv[2] ?? '100'), wholeNumber(process.argv[3] ?? '1')]
const report = await runKills({
  kills,
  seed,
  afterKill: (kill) => kill % 10 === 0 && console.log(`${kill} of ${kills} kills`),
})
for (const violation of report.violations) console.log(`violation: ${violation}`)
console.log(
  [
    `kills                    ${report.kills}`,
    `acknowledged tokens      ${report.acknowledgedTokens}`,
    `acknowledged revocations ${report.acknowledgedRevocations}`,
    `backends                 ${report.backends}`,
    `violations               ${report.violations.length}`,
  ].join('\n'),
)
if (report.violations.length > 0) process.exitCode = 1

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`${text}: expected a whole number`)
}
