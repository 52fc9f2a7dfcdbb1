import { setTimeout as wait } from 'node:timers/promises'
import { STATUS_ORDER } from '../../../src/store/backend-status.ts'
import type { Random } from '../kill-lane.ts'
import { checkProcesses } from './check-processes.ts'
import { orderOf, startLane, type Lane, type RoundContext } from './lane.ts'
import { killSeen } from './processes.ts'
import type { KillPlan } from './plan.ts'
import { settle, type Kill } from './settle.ts'

const LANES = ['a', 'b', 'c']
const MAX_LATER_MS = 15
/** Some are too long for the calls that wait meanwhile. */
const MAX_ABSENCE_MS = 2000
const SEEN_WITHIN_MS = 20_000

export interface RoundOrder {
  readonly plan: KillPlan
  /** What the keys of this round begin with. */
  readonly keys: string
  readonly random: Random
  /** Whether a backend was there before, and is to go on. */
  readonly isOlder: (backendId: string) => boolean
}

/** Brings some backends to a status, kills something, brings it back, and looks what became of each. */
export async function runRound(
  context: RoundContext,
  { plan, keys, random, isOlder }: RoundOrder,
): Promise<void> {
  const { machine } = context
  if (plan.state === 'scheduled') machine.spawner.pause()
  const lanes = LANES.map((lane) => startLane(context, orderOf(`${keys}-${lane}`, plan.state)))
  await approach(context, plan, lanes)
  const waiting = isEnding(plan) ? lanes.map(({ order }) => startWaiting(context, order.key)) : []
  await wait(random() * MAX_LATER_MS)
  const kill = await killNow(context, plan, lanes)
  const late = startLane(context, orderOf(`${keys}-late`))
  await wait(random() * MAX_ABSENCE_MS)
  // What was asked by a Worker that is dead may be read before or after the next one is there.
  if (random() < 0.5) machine.spawner.resume()
  if (plan.victim === 'spawner') await machine.spawner.start()
  if (plan.victim === 'worker') await machine.worker.start()
  machine.spawner.resume()

  const living = new Set(
    await Promise.all([
      ...lanes.map((lane, index) => settle(context, lane, kill, waiting[index])),
      settle(context, late),
    ]),
  )
  await checkProcesses(context, (id) => living.has(id) || isOlder(id))
  const [kind, ended] = [
    random() < 0.5 ? 'soft' : 'hard',
    (status: string) => status === 'terminated',
  ] as const
  await Promise.all([...living].map((id) => machine.gate.terminate(id, kind)))
  await Promise.all([...living].map((id) => machine.gate.until(id, ended)))
  await checkProcesses(context, isOlder)
}

function isEnding({ state }: KillPlan): boolean {
  return STATUS_ORDER[state] > STATUS_ORDER.ready
}

/** A connect call that comes while the backend of its key is ending. */
function startWaiting(context: RoundContext, key: string): Lane {
  return startLane(context, { ...orderOf(key), id: `${key}-next` })
}

async function approach(
  { machine }: RoundContext,
  plan: KillPlan,
  lanes: readonly Lane[],
): Promise<void> {
  const { state, victim } = plan
  const { gate } = machine
  const ids = lanes.map(({ order }) => order.id)
  const all = (wanted: keyof typeof STATUS_ORDER) =>
    ids.map((id) => gate.until(id, (status) => isAtLeast(status, wanted)))
  const isOfProcess = victim === 'guard' || victim === 'backend'
  // Whoever is to be killed then is looked for directly.
  if (isOfProcess && state === 'starting') return
  // Each lasts for a moment only.
  if (state === 'loading' || state === 'starting') await Promise.any(all(state))
  else if (STATUS_ORDER[state] <= STATUS_ORDER.ready) await Promise.all(all(state))
  else {
    await Promise.all(all('ready'))
    await Promise.all(ids.map((id) => gate.terminate(id, 'soft')))
    if (state === 'terminating') await Promise.all(all(state))
    else await Promise.any(all(state))
  }
}

function isAtLeast(status: string, wanted: keyof typeof STATUS_ORDER): boolean {
  return (new Map(Object.entries(STATUS_ORDER)).get(status) ?? 0) >= STATUS_ORDER[wanted]
}

async function killNow(
  { machine }: RoundContext,
  plan: KillPlan,
  lanes: readonly Lane[],
): Promise<Kill> {
  const { victim } = plan
  const at = Date.now()
  if (victim === 'spawner') await machine.spawner.kill()
  if (victim === 'worker') await machine.worker.kill()
  const hits = new Map<string, number>()
  if (victim === 'spawner' || victim === 'worker') return { victim, at, hits }
  const ids = new Set(lanes.map(({ order }) => order.id))
  const deadline = performance.now() + SEEN_WITHIN_MS
  while (hits.size < ids.size) {
    for (const seen of machine.processes()) {
      if (seen.role !== victim || !ids.has(seen.backendId)) continue
      hits.set(seen.backendId, Date.now())
      killSeen(seen)
    }
    if (performance.now() > deadline) throw new Error(`there is no ${victim} to kill`)
    await wait(1)
  }
  return { victim, at, hits }
}
