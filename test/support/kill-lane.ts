import {
  acknowledgeRevocation,
  acknowledgeToken,
  type IssuedToken,
  type Ledger,
} from './kill-ledger.ts'
import { RefusedError, type KillGate } from './kill-gate.ts'

/** Numbers from 0 up to 1, the same ones from the same seed. */
export type Random = () => number

/** The generator called mulberry32. */
export function randomOf(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export interface Lane {
  readonly name: string
  readonly random: Random
  readonly ledger: Ledger
  /** Told after each acknowledgement. */
  readonly acknowledged: () => void
  readonly isKilled: () => boolean
}

/** Keys that all lanes ask for at the same time. */
const SHARED_KEYS = 4

/**
 * One caller who asks for connections and takes tokens back, one after the other, until the gate is
 * killed. Only this lane has its users and its static backend, so that it knows what is to hold.
 */
export async function runLane(lane: Lane, gate: KillGate): Promise<void> {
  const own: IssuedToken[] = []
  try {
    for (let turn = 0; !lane.isKilled(); turn++) {
      const live = own.filter(({ state }) => state === 'live')
      if (live.length > 0 && lane.random() < 0.3) await revokeSome(lane, gate, live)
      else await issueOne(lane, gate, own, turn)
    }
  } catch (error) {
    if (error instanceof RefusedError) lane.ledger.violations.push(error.message)
    else if (!lane.isKilled()) throw error
  }
}

async function issueOne(
  { name, random, ledger, acknowledged }: Lane,
  gate: KillGate,
  own: IssuedToken[],
  turn: number,
): Promise<void> {
  const choice = random()
  const isStatic = choice < 0.15
  const shared = `shared-${Math.floor(random() * SHARED_KEYS)}`
  const key = isStatic ? `static-${name}` : choice < 0.4 ? `fresh-${name}-${turn}` : shared
  const user = isStatic ? undefined : `user-${name}`
  ledger.keys.set(key, { isStatic })
  const answer = await gate.connect({ namespace: ledger.namespace, key, isStatic, user })
  const token = acknowledgeToken(ledger, key, user, answer)
  if (token !== undefined && !own.includes(token)) own.push(token)
  acknowledged()
}

async function revokeSome(
  { random, ledger, acknowledged }: Lane,
  gate: KillGate,
  live: readonly IssuedToken[],
): Promise<void> {
  const chosen = live[Math.floor(random() * live.length)]
  if (chosen === undefined) return
  const { id, user, backendId } = chosen
  const isByUser = user !== undefined && random() < 0.5
  const meant = isByUser
    ? live.filter((token) => token.backendId === backendId && token.user === user)
    : [chosen]
  for (const token of meant) token.state = 'in_doubt'
  const selector = isByUser ? { backend_id: backendId, user } : { token_id: id }
  const count = await gate.revoke(selector)
  acknowledgeRevocation(ledger, meant, count)
  acknowledged()
}
