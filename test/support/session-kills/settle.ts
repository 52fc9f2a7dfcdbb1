import { setTimeout as wait } from 'node:timers/promises'
import { STATUS_ORDER } from '../../../src/store/backend-status.ts'
import type { StatusDocument } from '../serve-connections.ts'
import type { Casualty } from './book.ts'
import { checkUse, connectInTheEnd, read, type Lane, type RoundContext } from './lane.ts'

/** A kill as it was done. */
export interface Kill {
  readonly victim: string
  /** Those whose own process or guard was killed, and when. Milliseconds since the epoch. */
  readonly hits: ReadonlyMap<string, number>
  /** For all others. */
  readonly at: number
}

const AGAIN_MS = 50

/**
 * Waits for what a kill led to, and checks that the gate knows it.
 *
 * @param kill that hit it; default: it was asked for later
 * @param next a call that came while the backend was ending
 * @returns the backend that the key has now, which is ready
 */
export async function settle(
  context: RoundContext,
  lane: Lane,
  kill?: Kill,
  next?: Lane,
): Promise<string> {
  const { name, machine, book } = context
  const { key, id } = lane.order
  const violate = (what: string) => book.violations.push(`${name}: ${id} ${what}`)

  const first = read(context, lane.order, await lane.connecting)
  // Whoever was not answered asks again, and only that starts what a dead Worker did not ask for.
  if (first === undefined) await connectInTheEnd(context, key)
  const isKnown = (await machine.gate.history(id)) !== undefined
  if (!isKnown && first !== undefined) violate('was acknowledged, and is forgotten')

  let hasEnded = !isKnown
  if (isKnown) {
    const isToEnd = kill?.hits.has(id) === true || next !== undefined
    const history = await outcomeOf(context, id, lane.order.mode, isToEnd)
    hasEnded = history.at(-1)?.status === 'terminated'
    if (hasEnded && !isExplained(history)) violate(`has ended, and nothing says why`)
    if (kill !== undefined) {
      const casualty = casualtyOf(kill, id, history)
      book.casualties.push(casualty)
      if (hasEnded && !mayEnd(casualty)) violate(`was ${casualty.killedWhile}, and has ended`)
    }
  }

  const after = next && read(context, next.order, await next.connecting)
  if (after?.backend_id === id) violate('was given out while it was ending')
  const again = await connectInTheEnd(context, key)
  if (hasEnded === (again.backend_id === id)) {
    violate(`${hasEnded ? 'has ended' : 'lives'}, and its key has ${again.backend_id}`)
  }
  await machine.gate.until(again.backend_id, (status) => status === 'ready')
  await checkUse(context, again)
  if (first !== undefined && !hasEnded) await checkUse(context, first)
  return again.backend_id
}

/** Its history until it is ready or has ended. Nobody else makes those ready that wait for it. */
async function outcomeOf(
  { machine }: RoundContext,
  id: string,
  mode: string,
  isToEnd: boolean,
): Promise<StatusDocument[]> {
  const isThere = (status: string) => status === 'terminated' || (status === 'ready' && !isToEnd)
  const outcome = machine.gate.until(id, isThere)
  if (mode !== 'unready') return outcome
  while ((await Promise.race([outcome, wait(AGAIN_MS)])) === undefined) {
    const backend = machine
      .processes()
      .find(({ backendId, role }) => backendId === id && role === 'backend')
    const url = `http://127.0.0.1:${backend?.port}/become-ready`
    if (backend !== undefined) await fetch(url).catch(() => undefined)
  }
  return outcome
}

export function casualtyOf(
  { victim, hits, at }: Kill,
  id: string,
  history: readonly StatusDocument[],
): Casualty {
  const killedAt = hits.get(id) ?? at
  const last = history.at(-1)
  const survived = last?.status !== 'terminated'
  return {
    victim,
    killedWhile: history.findLast(({ time }) => time <= killedAt)?.status ?? 'none',
    survived,
    freeAfterMs: survived ? undefined : Math.max(0, last.time - killedAt),
  }
}

function isExplained(history: readonly StatusDocument[]): boolean {
  const end = history.at(-1)
  return end?.termination_reason !== undefined || end?.exit_error === true
}

/**
 * A Worker's end is nobody else's. A spawner that is gone leaves what it has started to the next one; what
 * it was about to start is lost.
 */
function mayEnd({ victim, killedWhile }: Casualty): boolean {
  if (victim === 'guard' || victim === 'backend') return true
  const order = new Map(Object.entries(STATUS_ORDER)).get(killedWhile) ?? 0
  if (order > STATUS_ORDER.ready) return true
  return victim === 'spawner' && order < STATUS_ORDER.waiting
}
