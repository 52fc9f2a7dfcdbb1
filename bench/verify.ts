import { serveWorker, type ServedWorker } from '../test/support/serve-worker.ts'
import { algorithms, type Algorithm } from '../src/verify/algorithms.ts'
import { cpuSeconds } from './cpu-time.ts'
import { describeMachine } from './machine.ts'
import { assign, contestantsFor, type ContestantName } from './verify-assignment.ts'
import { markdownTable, type Figures } from './verify-table.ts'

const ROUNDS = 60
/** Short, so that a disturbance meets all contestants of a round alike. */
const ROUND_SECONDS = 0.05

const named = process.argv.slice(2) as Algorithm[]
const chosen = named.length === 0 ? (Object.keys(algorithms) as Algorithm[]) : named

const worker = await serveWorker({ entry: 'bench/workers/verify.ts' })
try {
  const figures: Figures[] = []
  for (const algorithm of chosen) figures.push(await measure(worker, algorithm))
  console.log(markdownTable(figures))
  console.log(
    `\nVerifications per second of CPU in workerd, and in brackets the ratio to Portico, cold: medians of ${ROUNDS} interleaved rounds. ${describeMachine()}.`,
  )
} finally {
  await worker.stop()
}

/** The contestants take turns, round by round, so that a disturbance meets all of them alike. */
async function measure(served: ServedWorker, algorithm: Algorithm): Promise<Figures> {
  const assignment = await assign(algorithm)
  const body = JSON.stringify(assignment)
  await expectOk(await fetch(`${served.origin}/assign`, { method: 'POST', body }), served.logs)
  const names = contestantsFor(algorithm)

  const counts = new Map<ContestantName, number>()
  for (const name of names) counts.set(name, await countFor(served, name))
  const rates = new Map(names.map((name) => [name, [] as number[]]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of names) {
      const count = counts.get(name) ?? 1
      const seconds = await run(served, name, count)
      rates.get(name)?.push(count / seconds)
    }
  }
  return { algorithm, rates }
}

/** Warms a contestant up, and finds how many verifications make a round long enough. */
async function countFor(served: ServedWorker, name: ContestantName): Promise<number> {
  for (let count = 128; ; count *= 2) {
    const seconds = await run(served, name, count)
    if (seconds >= ROUND_SECONDS / 2) return Math.ceil((count * ROUND_SECONDS) / seconds)
  }
}

/** The CPU time that it takes a contestant to verify that many tokens. */
async function run(
  { origin, pid, logs }: ServedWorker,
  name: ContestantName,
  count: number,
): Promise<number> {
  const query = new URLSearchParams({ contestant: name, count: String(count) })
  const before = cpuSeconds(pid)
  await expectOk(await fetch(`${origin}/?${query.toString()}`), logs)
  return cpuSeconds(pid) - before
}

async function expectOk(response: Response, logs: () => string): Promise<void> {
  const text = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${text}\n${logs()}`)
}
