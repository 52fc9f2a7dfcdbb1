import { runAbsences } from '../support/session-kills/absences.ts'
import { acknowledged, tableOf } from '../support/session-kills/book.ts'
import { runSessionKills } from '../support/session-kills/run.ts'

// `npm run kills:sessions -- 500 7`: so many rounds, from another seed.

const [rounds, seed] = [wholeNumber(process.argv[2] ?? '100'), wholeNumber(process.argv[3] ?? '1')]
// What is running is killed where this ends, so it has to end as a program does.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const books = await Promise.all([
  runSessionKills({
    rounds,
    seed,
    afterRound: (round) => round % 10 === 0 && console.log(`${round} of ${rounds} rounds`),
  }),
  runAbsences(),
])
for (const [index, book] of books.entries()) {
  console.log(`\n${['killed, and brought back', 'away for longer than a lease'][index]}`)
  for (const violation of book.violations) console.log(`violation: ${violation}`)
  console.table(tableOf(book))
  console.log(`rounds                ${book.rounds}`)
  console.log(`acknowledged backends ${acknowledged(book).length}`)
  console.log(`refused for a while   ${book.refused}`)
  console.log(`violations            ${book.violations.length}`)
  if (book.violations.length > 0) process.exitCode = 1
}

function wholeNumber(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new Error(`${text}: expected a whole number`)
}
