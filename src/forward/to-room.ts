import { logFailure } from '../refusal/log-failure.ts'
import { refuse, ok, type Result } from '../refusal/refusal.ts'
import type { Outgoing } from './outgoing.ts'

const MAX_ATTEMPTS = 3
const FIRST_PAUSE_MS = 100

/**
 * Hands the request to the room's object. A lost object is asked again only where the platform says
 * that this helps (`retryable`, and not `overloaded`, where it would add to the load), and only a
 * request without a body, since a body that was sent in part is gone.
 */
export async function forwardToRoom(
  namespace: DurableObjectNamespace,
  room: string,
  { url, init }: Outgoing,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<Result<Response>> {
  for (let attempt = 1; ; attempt++) {
    try {
      // A new stub each time: after an exception the old one stays broken.
      return ok(await namespace.getByName(room).fetch(url, init))
    } catch (error) {
      const hasBody = typeof url !== 'string' || (init.body ?? null) !== null
      const canRetry = !hasBody && attempt < MAX_ATTEMPTS && isRetryable(error)
      if (!canRetry) {
        logFailure('a room failed with', error)
        return refuse('store_unavailable', 'the room cannot be reached right now')
      }
      await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** attempt)
    }
  }
}

function isRetryable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { retryable, overloaded } = error as Error & { retryable?: boolean; overloaded?: boolean }
  return retryable === true && overloaded !== true
}
