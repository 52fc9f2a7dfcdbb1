import { logFailure } from '../refusal/log-failure.ts'
import type { Refusal, Result } from '../refusal/refusal.ts'

/** How the gate keeps asking about a connection that lasts. */
export interface Welcome {
  /** Why the connection is to end; `undefined` while it may stay. */
  readonly ask: () => Promise<Refusal | undefined>
  readonly sleep: (milliseconds: number) => Promise<void>
}

const ASK_EVERY_MS = 10_000

/**
 * Asks at intervals whether a connection may stay, for as long as it is open. One that cannot be
 * asked about does not stay.
 *
 * @returns why it is to be closed; `undefined` once it has ended by itself
 */
export async function askWhileOpen(
  { ask, sleep }: Welcome,
  isOpen: () => boolean,
): Promise<Refusal | undefined> {
  for (;;) {
    await sleep(ASK_EVERY_MS)
    if (!isOpen()) return undefined
    const refusal = await answerOf(ask)
    if (!isOpen()) return undefined
    if (refusal !== undefined) return refusal
  }
}

/**
 * Asks as well while an answer is waited for: who thinks for long is in use all the while.
 *
 * @returns the answer, or why nobody waits for it any more
 */
export async function askWhileWaiting<T>(
  answering: Promise<Result<T>> | Result<T>,
  welcome: Welcome,
): Promise<Result<T>> {
  let isWaiting = true
  const turnedAway = askWhileOpen(welcome, () => isWaiting).then((refusal) =>
    refusal === undefined ? answering : ({ ok: false, refusal } as const),
  )
  try {
    return await Promise.race([answering, turnedAway])
  } finally {
    isWaiting = false
  }
}

async function answerOf(ask: Welcome['ask']): Promise<Refusal | undefined> {
  try {
    return await ask()
  } catch (error) {
    logFailure('asking whether a connection may stay threw', error)
    return { code: 'store_unavailable', detail: 'the connection cannot be checked right now' }
  }
}
