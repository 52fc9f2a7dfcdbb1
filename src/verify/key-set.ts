import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Algorithm } from './algorithms.ts'
import { fetchKeySet } from './key-set-document.ts'
import type { KeySource } from './key-source.ts'
import type { PinnedKey } from './pinned-key.ts'
import type { VerifyContext } from './verifier.ts'

const STALE_WHILE_REVALIDATE_MS = 3_600_000
const STALE_IF_ERROR_MS = 24 * 3_600_000
const UNKNOWN_KID_COOL_DOWN_MS = 30_000
const MAX_BACK_OFF_MS = 60_000
const FETCH_TIMEOUT_MS = 5000
// A little longer than fetching may take: a request that dies with the lease must not keep it.
const LEASE_MS = 6000
const LEASE_POLL_MS = 20

/** Finds out where an issuer publishes its keys; a rejection counts as a failed fetch. */
export type KeySetLocator = (fetcher: typeof fetch, signal: AbortSignal) => Promise<string>

interface LoadedSet {
  readonly keys: readonly PinnedKey[]
  readonly freshUntil: number
  readonly staleUntil: number
  readonly usableUntil: number
}

/**
 * An issuer's published key set (JWKS), kept per isolate: fresh, then stale while it is fetched
 * anew, then stale if the issuer is down; a failed fetch never drops keys that still serve.
 *
 * Only one request fetches at a time. The others go on with stale keys; where there are none they
 * look again on timers of their own, since a Worker's request may not wait on another's I/O.
 *
 * @param locate the URL of the key set, or what finds it out by a fetch of its own
 */
export function publishedKeys(
  locate: string | KeySetLocator,
  algorithms: readonly Algorithm[] | undefined,
): KeySource {
  let loaded: LoadedSet | undefined
  let lastAttemptAt = Number.NEGATIVE_INFINITY
  let lastAttemptFailed = false
  let failures = 0
  let backOffUntil = 0
  // 0: nobody fetches.
  let leaseUntil = 0

  async function refresh(context: VerifyContext): Promise<void> {
    while (context.now() < leaseUntil) {
      await context.sleep(LEASE_POLL_MS)
      if (leaseUntil === 0) return
    }
    if (context.now() < backOffUntil) return
    leaseUntil = context.now() + LEASE_MS
    lastAttemptAt = context.now()
    const work = load(context)
    // A caller who hangs up ends their request, and would leave the others waiting for the lease.
    context.waitUntil?.(work)
    await work
  }

  async function load(context: VerifyContext): Promise<void> {
    try {
      const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
      const url = typeof locate === 'string' ? locate : await locate(context.fetch, signal)
      const { keys, freshSeconds } = await fetchKeySet(url, algorithms, context.fetch, signal)
      loaded = asLoaded(keys, freshSeconds, loaded, context.now())
      failures = 0
      lastAttemptFailed = false
    } catch {
      failures += 1
      lastAttemptFailed = true
      const pauseMs = Math.min(1000 * 2 ** (failures - 1), MAX_BACK_OFF_MS)
      // The jitter keeps isolates from coming back to a struggling issuer all at once.
      backOffUntil = context.now() + pauseMs * (1 + Math.random() / 4)
    } finally {
      leaseUntil = 0
    }
  }

  async function current(context: VerifyContext): Promise<LoadedSet | undefined> {
    const now = context.now()
    if (loaded !== undefined && now < loaded.usableUntil) {
      const isBeingFetched = now < leaseUntil || now < backOffUntil
      if (now < loaded.freshUntil || isBeingFetched) return loaded
      if (now < loaded.staleUntil && context.waitUntil !== undefined) {
        context.waitUntil(refresh(context))
        return loaded
      }
    }
    await refresh(context)
    return loaded !== undefined && context.now() < loaded.usableUntil ? loaded : undefined
  }

  return {
    async find(algorithm, kid, context) {
      const set = await current(context)
      if (set === undefined) return unavailable()
      const found = onlyOne(set, algorithm, kid)
      if (found.length > 0) return ok(found)
      // One refresh per issuer, not per kid, so that random kids become no flood at the issuer; that
      // bounds the cost of an unknown kid without a list of the unknown ones.
      const mayRefresh = context.now() - lastAttemptAt >= UNKNOWN_KID_COOL_DOWN_MS
      if (mayRefresh || context.now() < leaseUntil) await refresh(context)
      const foundNow = onlyOne(loaded ?? set, algorithm, kid)
      if (foundNow.length === 0 && lastAttemptFailed) return unavailable()
      return ok(foundNow)
    },
    holds: (key, now) =>
      loaded !== undefined && now < loaded.freshUntil && loaded.keys.includes(key),
  }
}

/**
 * A token that fits several published keys, because it names no `kid` or because two keys have the
 * same one, is tried on none: nobody can tell which of them the issuer means.
 */
function onlyOne(
  set: LoadedSet,
  algorithm: Algorithm,
  kid: string | undefined,
): readonly PinnedKey[] {
  const found = set.keys.filter(
    (key) => key.algorithm === algorithm && (kid === undefined || key.kid === kid),
  )
  return found.length === 1 ? found : []
}

/** Keys that stay keep their identity, so that what was verified with them stays verified. */
function asLoaded(
  keys: readonly PinnedKey[],
  freshSeconds: number,
  previous: LoadedSet | undefined,
  now: number,
): LoadedSet {
  const known = new Map(previous?.keys.map((key) => [key.fingerprint, key]))
  const freshUntil = now + freshSeconds * 1000
  return {
    keys: keys.map((key) => known.get(key.fingerprint) ?? key),
    freshUntil,
    staleUntil: Math.max(freshUntil, now + STALE_WHILE_REVALIDATE_MS),
    usableUntil: now + STALE_IF_ERROR_MS,
  }
}

function unavailable(): Result<never> {
  return refuse('verifier_unavailable', "the issuer's keys cannot be fetched right now")
}
