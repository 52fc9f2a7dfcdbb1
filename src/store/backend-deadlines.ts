import type { BackendRow } from './backend-row.ts'
import { phaseOf } from './backend-status.ts'
import { lastStatus } from './status-history.ts'
import { nextExpiry } from './token-rows.ts'

/** Something that is to happen to a backend at a time, in milliseconds since the epoch. */
export interface Deadline {
  readonly what: 'sweep' | 'idle' | 'lifetime' | 'startup' | 'lease' | 'forget'
  readonly at: number
}

const STARTUP_LIMIT_MS = 300_000
/** Expired tokens are swept together, not one by one. */
const SWEEP_EVERY_MS = 60_000
/** For so long the end of a backend can still be asked about. */
const REMEMBERED_MS = 7 * 24 * 3_600_000

/** All that an object's one alarm has to watch over. */
export function deadlinesOf(
  { plan, createdAt, usedUntil, aliveUntil }: BackendRow,
  sql: SqlStorage,
): readonly Deadline[] {
  const { lifetimeLimitSeconds, maxIdleSeconds } = plan
  const last = lastStatus(sql)
  const phase = phaseOf(last?.status ?? 'terminated')
  const expiry = nextExpiry(sql)
  const deadlines: Deadline[] = []
  if (expiry !== undefined) deadlines.push({ what: 'sweep', at: expiry * 1000 + SWEEP_EVERY_MS })
  if (last?.status === 'terminated') {
    deadlines.push({ what: 'forget', at: last.time + REMEMBERED_MS })
  } else if (aliveUntil !== undefined) deadlines.push({ what: 'lease', at: aliveUntil })
  if (phase === 'ending') return deadlines
  if (phase === 'starting') deadlines.push({ what: 'startup', at: createdAt + STARTUP_LIMIT_MS })
  // Nobody can use what is not ready yet.
  if (phase === 'ready' && maxIdleSeconds !== undefined) {
    const unusedSince = Math.max(usedUntil, last?.time ?? 0)
    deadlines.push({ what: 'idle', at: unusedSince + maxIdleSeconds * 1000 })
  }
  if (lifetimeLimitSeconds !== undefined) {
    deadlines.push({ what: 'lifetime', at: createdAt + lifetimeLimitSeconds * 1000 })
  }
  return deadlines
}

/** When one of them ends the backend: `Infinity` where none does. */
export function endOf(deadlines: readonly Deadline[]): number {
  const ending = deadlines.filter(({ what }) => ENDING.has(what))
  return Math.min(...ending.map(({ at }) => at))
}

const ENDING: ReadonlySet<Deadline['what']> = new Set(['idle', 'lifetime', 'startup'])
