import { startConnectionContestants } from './connection-contestants.ts'
import { startContestants, type Contestant } from './contestants.ts'
import { describeMachine } from './machine.ts'
import { startOrigin } from './origin.ts'
import { runRound, type Round } from './rounds.ts'
import { markdownTable, rowOf, type Row } from './table.ts'

const ROUNDS = 7
const TURNS_PER_ROUND = 20
const WARM_UP_TURNS = 40

const origin = await startOrigin()
try {
  const rows = await compare(startContestants())
  const connectionRows = await compare(startConnectionContestants(origin.origin))
  const machine = describeMachine()
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ machine, rows, connectionRows }, undefined, 2))
  } else {
    console.log(`${markdownTable(rows)}\n\n${markdownTable(connectionRows)}\n\n${machine}`)
  }
} finally {
  await origin.stop()
}

async function compare(starting: AsyncIterable<Contestant>): Promise<readonly Row[]> {
  const all: Contestant[] = []
  try {
    for await (const contestant of starting) all.push(contestant)
    return await measure(all)
  } finally {
    for (const contestant of all) await contestant.stop()
  }
}

async function measure(all: readonly Contestant[]): Promise<readonly Row[]> {
  await runRound(all, WARM_UP_TURNS)
  const callsBefore = await objectCallsOf(all)
  const rounds: (readonly Round[])[] = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await runRound(all, TURNS_PER_ROUND))
  const callsAfter = await objectCallsOf(all)
  return all.map(({ name }, index) => {
    const calls = (callsAfter[index] ?? Number.NaN) - (callsBefore[index] ?? Number.NaN)
    return rowOf(name, index, rounds, calls)
  })
}

function objectCallsOf(all: readonly Contestant[]): Promise<readonly number[]> {
  return Promise.all(all.map((contestant) => contestant.objectCalls()))
}
