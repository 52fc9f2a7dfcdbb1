import { startContestants, type Contestant } from './contestants.ts'
import { describeMachine } from './machine.ts'
import { runRound, type Round } from './rounds.ts'
import { markdownTable, rowOf, type Row } from './table.ts'

const ROUNDS = 7
const TURNS_PER_ROUND = 20
const WARM_UP_TURNS = 40

const contestants: Contestant[] = []
try {
  for await (const contestant of startContestants()) contestants.push(contestant)
  const rows = await compare(contestants)
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ machine: describeMachine(), rows }, undefined, 2))
  } else {
    console.log(`${markdownTable(rows)}\n\n${describeMachine()}`)
  }
} finally {
  for (const contestant of contestants) await contestant.stop()
}

async function compare(all: readonly Contestant[]): Promise<readonly Row[]> {
  await runRound(all, WARM_UP_TURNS)
  const callsBefore = await roomCallsOf(all)
  const rounds: (readonly Round[])[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await runRound(all, TURNS_PER_ROUND))
  const callsAfter = await roomCallsOf(all)
  return all.map(({ name }, index) => {
    const calls = (callsAfter[index] ?? Number.NaN) - (callsBefore[index] ?? Number.NaN)
    return rowOf(name, index, rounds, calls)
  })
}

function roomCallsOf(all: readonly Contestant[]): Promise<readonly number[]> {
  return Promise.all(all.map((contestant) => contestant.roomCalls()))
}
