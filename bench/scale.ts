import { prepareWorker, type PreparedWorker } from '../test/support/serve-worker.ts'
import { connectionBench, connectTo } from './connection-contestants.ts'
import { BROWSER_HEADERS, CONNECTIONS, type Contestant } from './contestants.ts'
import { createLoad, type Load } from './load.ts'
import { describeMachine } from './machine.ts'
import { startOrigin } from './origin.ts'
import { residentMebibytes } from './resident-memory.ts'
import { runRound, type Round } from './rounds.ts'
import { markdownTable, type ScaleRow } from './scale-table.ts'

/** A store under load: which tokens it holds, and over how many of them the requests go. */
interface Store {
  readonly name: string
  readonly backends: number
  readonly tokensPerBackend: number
  /** Of each backend, so many tokens are used. */
  readonly usedPerBackend: number
}

/** Each pair: an empty store, and a full one that is used in the same way. */
const PAIRS: readonly (readonly [empty: Store, full: Store])[] = [
  [
    { name: '1 backend', backends: 1, tokensPerBackend: 500, usedPerBackend: 500 },
    { name: '1 backend', backends: 1, tokensPerBackend: 100_000, usedPerBackend: 500 },
  ],
  [
    { name: '1,000 backends', backends: 1000, tokensPerBackend: 1, usedPerBackend: 1 },
    { name: '1,000 backends', backends: 1000, tokensPerBackend: 1000, usedPerBackend: 1 },
  ],
]

const ROUNDS = 9
const TURNS_PER_ROUND = 12
const PASSES = 5

interface StoreContestant extends Contestant {
  readonly store: Store
  /** A load over few of the backends, for what memory they take. */
  readonly fewLoad: Load
}

const FEW_BACKENDS = 10

const origin = await startOrigin()
try {
  const rows: ScaleRow[] = []
  for (const pair of PAIRS) rows.push(...(await measurePair(pair)))
  console.log(`${markdownTable(rows)}\n\n${describeMachine()}`)
} finally {
  await origin.stop()
}

async function measurePair(pair: readonly [Store, Store]): Promise<readonly ScaleRow[]> {
  const contestants: StoreContestant[] = []
  try {
    for (const store of pair) contestants.push(await start(store))
    const memory: (readonly number[])[] = []
    for (const contestant of contestants) memory.push(await measureMemory(contestant))
    const rounds: (readonly Round[])[] = []
    for (let round = 0; round < ROUNDS; round++) {
      rounds.push(await runRound(contestants, TURNS_PER_ROUND))
    }
    return contestants.map(({ store }, index) => ({
      name: store.name,
      tokens: store.backends * store.tokensPerBackend,
      cpuSeconds: rounds.map((round) => perRequest(round[index])),
      emptyCpuSeconds: rounds.map((round) => perRequest(round[0])),
      memory: memory[index] ?? [],
    }))
  } finally {
    for (const contestant of contestants) await contestant.stop()
  }
}

/** In a new process after all is stored, so that nothing is in memory but what requests bring there. */
async function start(store: Store): Promise<StoreContestant> {
  const prepared = await prepareWorker(connectionBench(origin.origin, 0))
  const tokens = await fill(prepared, store)
  const worker = await prepared.serve()
  const urls = tokens.map((token) => `${worker.origin}/${token}/hello`)
  const [load, fewLoad] = [loadOver(urls), loadOver(urls.slice(0, FEW_BACKENDS))]
  return {
    ...{ name: store.name, pid: worker.pid, load, fewLoad, store },
    objectCalls: async () => Number.NaN,
    async stop() {
      load.close()
      fewLoad.close()
      await worker.stop()
      await prepared.remove()
    },
  }
}

/**
 * Makes backends by the connect call, as applications do, and the tokens that are not used in bulk.
 *
 * @returns the tokens to use
 */
async function fill(
  prepared: PreparedWorker,
  { backends, tokensPerBackend, usedPerBackend }: Store,
): Promise<readonly string[]> {
  const worker = await prepared.serve()
  const tokens: string[] = []
  for (let backend = 0; backend < backends; backend++) {
    const id = `backend-${backend}`
    for (let used = 0; used < usedPerBackend; used++) {
      tokens.push(await connectTo(worker, id, origin.origin))
    }
    const others = tokensPerBackend - usedPerBackend
    if (others === 0) continue
    const filled = await fetch(`${worker.origin}/fill?backend=${id}&tokens=${others}`)
    if (!filled.ok)
      throw new Error(`${filled.status}
${worker.logs()}`)
  }
  await worker.stop()
  return tokens
}

/** @returns the memory after requests to few backends, and after each pass over all of them */
async function measureMemory({ pid, load, fewLoad }: StoreContestant): Promise<readonly number[]> {
  await fewLoad.send(2000)
  const memory = [residentMebibytes(pid)]
  for (let pass = 0; pass < PASSES; pass++) {
    await load.send(2000)
    memory.push(residentMebibytes(pid))
  }
  return memory
}

function loadOver(urls: readonly string[]): Load {
  return createLoad({ urls, headers: BROWSER_HEADERS }, CONNECTIONS)
}

function perRequest(round: Round | undefined): number {
  return round === undefined ? Number.NaN : round.cpuSeconds / round.requests
}
