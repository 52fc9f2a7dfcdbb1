import { setTimeout as wait } from 'node:timers/promises'
import type { BackendStatus } from '../../../src/store/backend-status.ts'
import type { ConnectAnswer } from '../serve-connections.ts'
import type { Book } from './book.ts'
import { PATIENCE_MS, type Called, type Order } from './gate-client.ts'
import type { KillMachine } from './machine.ts'

/** A key, and the backend that is asked for with it. */
export interface Lane {
  readonly order: Order
  readonly connecting: Promise<Called<ConnectAnswer>>
}

export interface RoundContext {
  /** What is done, where something is wrong after it. */
  readonly name: string
  readonly machine: KillMachine
  readonly book: Book
}

const AGAIN_MS = 50

/** @param state that the backend is to stay in, or to pass; default: it becomes ready */
export function orderOf(key: string, state: BackendStatus = 'ready'): Order {
  const isSlowToEnd = state === 'terminating' || state === 'hard-terminating'
  if (isSlowToEnd) return { key, id: key, image: 'plain', mode: 'stubborn' }
  if (state === 'waiting') return { key, id: key, image: 'probed', mode: 'unready' }
  return { key, id: key, image: 'plain', mode: 'behind' }
}

export function startLane({ machine, book }: RoundContext, order: Order): Lane {
  const { key, id: backendId } = order
  book.backends.set(backendId, { key, backendId, token: undefined })
  return { order, connecting: machine.gate.connect(order) }
}

/** What a call gave out; `undefined` where a kill explains that it gave nothing. */
export function read(
  { name, book }: RoundContext,
  { key }: Order,
  answer: Called<ConnectAnswer>,
): ConnectAnswer | undefined {
  if (answer.ok) {
    const { backend_id: backendId, token } = answer.value
    const known = book.backends.get(backendId)
    if (known?.key === key) known.token = token
    else book.violations.push(`${name}: ${key} was given ${backendId}, which is none of its own`)
    return answer.value
  }
  // Nobody was there, or nobody who can start a backend.
  if (answer.status === 503 && answer.text.includes('SpawnerUnavailable')) book.refused += 1
  else if (answer.status !== 0) {
    book.violations.push(`${name}: ${key} was answered ${answer.status}: ${answer.text}`)
  }
  return undefined
}

/** Calls until it is given a connection, as an application does. */
export async function connectInTheEnd(context: RoundContext, key: string): Promise<ConnectAnswer> {
  const deadline = performance.now() + PATIENCE_MS
  for (let attempt = 1; ; attempt++) {
    const { order, connecting } = startLane(context, { ...orderOf(key), id: `${key}-${attempt}` })
    const answer = await connecting
    const connected = read(context, order, answer)
    if (connected !== undefined) return connected
    if (performance.now() > deadline) throw new Error(`${key} is given no backend`)
    await wait(AGAIN_MS)
  }
}

/** That a token leads to its own backend. @returns the backend's process */
export async function checkUse(
  { name, machine, book }: RoundContext,
  { token, backend_id: backendId }: Pick<ConnectAnswer, 'token' | 'backend_id'>,
): Promise<number | undefined> {
  const answer = await machine.gate.use(token)
  const served = answer.ok
    ? answer.value.environment['SESSION_BACKEND_ID']
    : `${answer.status}: ${answer.text}`
  if (served !== backendId)
    book.violations.push(`${name}: the token of ${backendId} leads to ${served}`)
  return answer.ok ? answer.value.pid : undefined
}
