import type { Identity } from '../identity/identity.ts'
import type { Result } from '../refusal/refusal.ts'
import { createTokenMemory } from './token-memory.ts'
import type { VerifyContext } from './verifier.ts'

/** What a session service said of a token. */
export interface Verdict {
  readonly result: Result<Identity>
  /** What it takes to remember it. */
  readonly characters: number
}

interface RememberedVerdict {
  readonly result: Result<Identity>
  readonly until: number
}

// Refusals are apart, so that a flood of made-up tokens does not drive out the real ones.
const MAX_YES_CHARACTERS = 1024 * 1024
const MAX_NO_CHARACTERS = 256 * 1024
const ENTRY_CHARACTERS = 256
// Long enough for a client that tries again at once, short for someone who just signed in.
const MAX_NO_MS = 5000
const MAX_OUTAGE_MS = 1000
const POLL_MS = 20

/**
 * Asks for verdicts, and remembers them for a while. While one request asks about a token, others
 * with the same token look for its verdict on timers of their own, since a Worker's request may not
 * wait on another's I/O.
 *
 * @param cacheMs how long a yes counts; 0: every request asks
 * @param leaseMs how long one request may be the only one that asks
 */
export function createVerdicts(
  cacheMs: number,
  leaseMs: number,
): (
  token: string,
  ask: () => Promise<Verdict>,
  context: VerifyContext,
) => Promise<Result<Identity>> {
  const accepted = createTokenMemory<RememberedVerdict>(MAX_YES_CHARACTERS)
  const refused = createTokenMemory<RememberedVerdict>(MAX_NO_CHARACTERS)
  const leases = createTokenMemory<number>(MAX_NO_CHARACTERS)

  function known(token: string, now: number): Result<Identity> | undefined {
    const verdict = accepted.get(token) ?? refused.get(token)
    if (verdict !== undefined && now < verdict.until) return verdict.result
    accepted.delete(token)
    refused.delete(token)
    return undefined
  }

  function remember(token: string, { result, characters }: Verdict, now: number): void {
    const until = Math.min(now + cacheMs, endOf(result, now))
    accepted.delete(token)
    const memory = result.ok ? accepted : refused
    memory.set(token, { result, until }, characters + ENTRY_CHARACTERS)
  }

  return async (token, ask, context) => {
    if (cacheMs === 0) return (await ask()).result
    for (;;) {
      const now = context.now()
      const result = known(token, now)
      if (result !== undefined) return result
      if (now >= (leases.get(token) ?? 0)) break
      await context.sleep(POLL_MS)
    }
    leases.set(token, context.now() + leaseMs, ENTRY_CHARACTERS)
    const work = ask().then((verdict) => {
      remember(token, verdict, context.now())
      leases.delete(token)
      return verdict.result
    })
    // A caller who hangs up ends their request, and would leave the others waiting for the lease.
    context.waitUntil?.(work)
    return work
  }
}

/** Until when a verdict can be believed, whatever the cache allows. */
function endOf(result: Result<Identity>, now: number): number {
  if (result.ok) return result.value.expiresAt * 1000
  return now + (result.refusal.code === 'verifier_unavailable' ? MAX_OUTAGE_MS : MAX_NO_MS)
}
