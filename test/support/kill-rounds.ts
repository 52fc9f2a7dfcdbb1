import { setImmediate } from 'node:timers/promises'
import { checkLedger } from './kill-check.ts'
import { killGate } from './kill-gate.ts'
import { randomOf, runLane, type Random } from './kill-lane.ts'
import { emptyLedger, type Ledger } from './kill-ledger.ts'
import { prepareWorker, type ServedWorker } from './serve-worker.ts'
import { startBackend } from './start-backend.ts'

export interface KillReport {
  readonly kills: number
  readonly acknowledgedTokens: number
  readonly acknowledgedRevocations: number
  readonly backends: number
  readonly violations: readonly string[]
}

export interface KillOrder {
  readonly kills: number
  readonly seed: number
  readonly afterKill?: (kill: number) => void
}

const MAX_LANES = 12
const MAX_ANSWERS = 40
const MAX_TURNS = 120

/**
 * Kills a gate again and again while it gives out tokens and takes them back. What it acknowledged
 * before each kill is checked after it, and all of it once more in the end.
 */
export async function runKills({ kills, seed, afterKill }: KillOrder): Promise<KillReport> {
  const backend = await startBackend()
  const prepared = await prepareWorker({
    entry: 'test/fixtures/kill-gate.ts',
    vars: { OPTIONS: JSON.stringify({ origins: [backend.origin] }) },
    rooms: { BACKEND: 'Backend', BACKEND_KEY: 'BackendKey', BACKEND_INDEX: 'BackendIndex' },
  })
  const ledgers: Ledger[] = []
  let worker = await prepared.serve()
  try {
    for (let kill = 1; kill <= kills; kill++) {
      const ledger = emptyLedger(`kill-${kill}`)
      ledgers.push(ledger)
      await loadUntilKilled(worker, backend.origin, ledger, randomOf(seed + kill))
      worker = await prepared.serve()
      await checkLedger(ledger, killGate(worker.origin, backend.origin))
      afterKill?.(kill)
    }
    for (const ledger of ledgers) {
      await checkLedger(ledger, killGate(worker.origin, backend.origin))
    }
  } finally {
    await worker.stop()
    await prepared.remove()
    await backend.stop()
  }
  return {
    kills,
    acknowledgedTokens: ledgers.reduce((sum, { tokens }) => sum + tokens.length, 0),
    acknowledgedRevocations: ledgers.reduce((sum, { revocations }) => sum + revocations, 0),
    backends: ledgers.reduce((sum, { holders }) => sum + holders.size, 0),
    violations: [...new Set(ledgers.flatMap(({ violations }) => violations))],
  }
}

/** Kills after so many answers and, as what is under way has steps of its own, some turns later. */
async function loadUntilKilled(
  worker: ServedWorker,
  backendOrigin: string,
  ledger: Ledger,
  random: Random,
): Promise<void> {
  const upTo = (most: number) => Math.floor(random() * (most + 1))
  const lanes = 1 + upTo(MAX_LANES - 1)
  let answersLeft = upTo(MAX_ANSWERS)
  const turns = upTo(MAX_TURNS)

  const { promise: isDue, resolve: due } = Promise.withResolvers<void>()
  if (answersLeft === 0) due()
  const acknowledged = () => {
    answersLeft -= 1
    if (answersLeft === 0) due()
  }
  let isKilled = false
  const gate = killGate(worker.origin, backendOrigin)
  const running = Array.from({ length: lanes }, (_, index) => {
    const laneRandom = randomOf(Math.floor(random() * 2 ** 32))
    const name = `${ledger.namespace}-${index}`
    return runLane(
      { name, random: laneRandom, ledger, acknowledged, isKilled: () => isKilled },
      gate,
    )
  })
  // A lane that fails by itself ends the wait.
  await Promise.race([isDue, Promise.all(running)])
  for (let turn = 0; turn < turns; turn++) await setImmediate()
  isKilled = true
  await worker.stop()
  await Promise.all(running)
}
