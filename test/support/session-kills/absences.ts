import { setTimeout as wait } from 'node:timers/promises'
import { LEASE_MS } from '../../../src/store/backend-report.ts'
import { checkProcesses } from './check-processes.ts'
import { emptyBook, type Book } from './book.ts'
import { checkUse, connectInTheEnd, orderOf, read, startLane, type RoundContext } from './lane.ts'
import { startMachine } from './machine.ts'
import { casualtyOf, settle } from './settle.ts'

/** The gate's alarms and those who listen to them are not that exact. */
const LATE_MS = 2500
/** Longer than a backend takes to start. */
const AWAY_MS = 2000
const KEYS = ['a', 'b', 'c']

/**
 * What is away for longer than a lease: nobody is there who could report a backend's end, so that the gate
 * has to find it out. These wait for minutes, and are for running beside the rounds.
 */
const ABSENCES: Readonly<Record<string, (context: RoundContext) => Promise<void>>> = {
  'hung spawner': hungWhileAsked,
  'spawner gone for good': goneForGood,
  'spawner hung for a lease': hungWhileRunning,
  'Worker away for a lease': workerAway,
}

export async function runAbsences(names = Object.keys(ABSENCES)): Promise<Book> {
  const book = emptyBook()
  for (const name of names) {
    const machine = await startMachine()
    try {
      await ABSENCES[name]?.({ name, machine, book })
      book.rounds += 1
    } catch (error) {
      book.violations.push(`${name}: ${String(error)}`)
    } finally {
      book.violations.push(...machine.grown())
      for (const overlap of await machine.overlaps()) {
        book.violations.push(`${name}: for one key: ${overlap}`)
      }
      await machine.stop()
    }
  }
  return book
}

/**
 * It is asked, and answers when the gate has given up and asked for others. It finds all orders at once,
 * and for some time no gate that could say which of them still count.
 */
async function hungWhileAsked(context: RoundContext): Promise<void> {
  const { machine, book, name } = context
  machine.spawner.pause()
  const lanes = KEYS.map((key) => startLane(context, orderOf(key)))
  for (const { order, connecting } of lanes) {
    if (read(context, order, await connecting) !== undefined) {
      book.violations.push(`${name}: ${order.id} was acknowledged by nobody`)
    }
  }
  const again = KEYS.map((key) => startLane(context, { ...orderOf(key), id: `${key}-next` }))
  await Promise.all(
    again.map(({ order }) => machine.gate.until(order.id, (status) => status === 'scheduled')),
  )
  await machine.worker.kill()
  machine.spawner.resume()
  await wait(AWAY_MS)
  await machine.worker.start()
  await endOnly(context, await Promise.all(again.map((lane) => settle(context, lane))))
}

/** It has left nothing behind that a later one could know of, and the Worker dies before it could ask. */
async function goneForGood(context: RoundContext): Promise<void> {
  const { machine } = context
  const running = await startAll(context)
  await machine.spawner.kill()
  const killedAt = Date.now()
  const lanes = ['asked-a', 'asked-b'].map((key) => startLane(context, orderOf(key)))
  await Promise.all(
    lanes.map(({ order }) => machine.gate.until(order.id, (status) => status === 'scheduled')),
  )
  await machine.worker.kill()
  await machine.worker.start()
  const asked = lanes.map(({ order }) => order.id)
  await lost(context, [...running, ...asked], killedAt)
  await machine.spawner.start('another-state')
  await endOnly(context, await anew(context, [...KEYS, 'asked-a', 'asked-b']))
}

/** It is there, and does nothing: its guards have to end what they guard before the gate gives the key away. */
async function hungWhileRunning(context: RoundContext): Promise<void> {
  const { machine } = context
  const running = await startAll(context)
  machine.spawner.pause()
  await lost(context, running, Date.now())
  machine.spawner.resume()
  await endOnly(context, await anew(context, KEYS))
}

async function workerAway(context: RoundContext): Promise<void> {
  const { machine } = context
  const running = await startAll(context)
  const killedAt = Date.now()
  await machine.worker.kill()
  await checkProcesses(context, () => false, LEASE_MS + LATE_MS)
  await machine.worker.start()
  await lost(context, running, killedAt, LATE_MS)
  await endOnly(context, await anew(context, KEYS))
}

/** One that ends when it is asked to, one that has to be killed, and one that was told to end. */
async function startAll(context: RoundContext): Promise<string[]> {
  const { gate } = context.machine
  const states = ['ready', 'terminating', 'ready'] as const
  const lanes = KEYS.map((key, index) => startLane(context, orderOf(key, states[index])))
  for (const { order, connecting } of lanes) {
    read(context, order, await connecting)
    await gate.until(order.id, (status) => status === 'ready')
  }
  return lanes.map(({ order }) => order.id)
}

/** That all are held for lost in time, and not before their processes have ended. */
async function lost(
  { machine, book, name }: RoundContext,
  ids: readonly string[],
  since: number,
  moreMs = 0,
): Promise<void> {
  await Promise.all(
    ids.map(async (id) => {
      const history = await machine.gate.until(
        id,
        (status) => status === 'terminated',
        2 * LEASE_MS,
      )
      const left = machine.processes().filter(({ backendId }) => backendId === id)
      if (left.length > 0) {
        book.violations.push(`${name}: ${id} is lost, and its ${left[0]?.role} is running`)
      }
      const kill = { victim: name, hits: new Map<string, number>(), at: since }
      const casualty = casualtyOf(kill, id, history)
      book.casualties.push(casualty)
      const { freeAfterMs = Infinity } = casualty
      if (freeAfterMs > LEASE_MS + LATE_MS + moreMs) {
        book.violations.push(`${name}: the key of ${id} was held for ${freeAfterMs} ms`)
      }
    }),
  )
}

/** That each key has another backend now. */
async function anew(context: RoundContext, keys: readonly string[]): Promise<string[]> {
  return Promise.all(
    keys.map(async (key) => {
      const connected = await connectInTheEnd(context, key)
      const { backend_id: id, spawned } = connected
      if (!spawned || id === key)
        context.book.violations.push(`${context.name}: ${id} is given out`)
      await context.machine.gate.until(id, (status) => status === 'ready')
      await checkUse(context, connected)
      return id
    }),
  )
}

async function endOnly(context: RoundContext, living: readonly string[]): Promise<void> {
  const { gate } = context.machine
  await checkProcesses(context, (id) => living.includes(id))
  await Promise.all(living.map((id) => gate.terminate(id, 'hard')))
  await Promise.all(living.map((id) => gate.until(id, (status) => status === 'terminated')))
  await checkProcesses(context, () => false)
}
