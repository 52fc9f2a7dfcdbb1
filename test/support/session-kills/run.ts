import { randomOf } from '../kill-lane.ts'
import { acknowledged, emptyBook, type Book } from './book.ts'
import { checkUse, connectInTheEnd, type RoundContext } from './lane.ts'
import { startMachine } from './machine.ts'
import { nameOf, PLANS, type KillPlan } from './plan.ts'
import { runRound } from './round.ts'

export interface SessionKillOrder {
  readonly rounds: number
  readonly seed: number
  /** What is done in turn; default: everything. */
  readonly plans?: readonly KillPlan[]
  readonly afterRound?: (round: number) => void
}

/**
 * Kills the spawner, the Worker, guards and backends in turn, at each status of their backends. One backend
 * is there from the beginning to the end, and no kill of others may touch it.
 */
export async function runSessionKills(order: SessionKillOrder): Promise<Book> {
  const { rounds, seed, plans = PLANS, afterRound } = order
  const book = emptyBook()
  const machine = await startMachine()
  try {
    const before: RoundContext = { name: 'before all rounds', machine, book }
    const steady = await connectInTheEnd(before, 'steady')
    const isSteady = (backendId: string) => backendId === steady.backend_id
    const pid = await checkUse(before, steady)
    for (const [index, plan] of repeated(plans, rounds).entries()) {
      const context = { ...before, name: `round ${index + 1}, ${nameOf(plan)}` }
      const random = randomOf(seed + index)
      await runRound(context, { plan, keys: `r${index + 1}`, random, isOlder: isSteady })
      if ((await checkUse(context, steady)) !== pid) {
        book.violations.push(`${context.name}: a backend that nobody touched has another process`)
      }
      book.rounds += 1
      afterRound?.(book.rounds)
    }
    await checkRemembered({ ...before, name: 'after all rounds' }, isSteady)
  } catch (error) {
    book.violations.push(`${book.rounds} rounds were done: ${String(error)}`)
  } finally {
    book.violations.push(...machine.grown())
    for (const overlap of await machine.overlaps()) book.violations.push(`for one key: ${overlap}`)
    await machine.stop()
  }
  if (machine.processes().length > 0) book.violations.push('processes are left behind')
  return book
}

/** What was acknowledged in any round is still known, and ended as it was told to. */
async function checkRemembered(
  { name, machine, book }: RoundContext,
  isRunning: (backendId: string) => boolean,
): Promise<void> {
  for (const { backendId } of acknowledged(book)) {
    const history = await machine.gate.history(backendId)
    const status = history?.at(-1)?.status ?? 'forgotten'
    if (status === (isRunning(backendId) ? 'ready' : 'terminated')) continue
    book.violations.push(`${name}: ${backendId} is ${status}`)
  }
}

function repeated(plans: readonly KillPlan[], times: number): KillPlan[] {
  return Array.from({ length: Math.ceil(times / plans.length) }, () => plans)
    .flat()
    .slice(0, times)
}
