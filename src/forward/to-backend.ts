import { logFailure } from '../refusal/log-failure.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Outgoing } from './outgoing.ts'

/** Where a backend's requests go: an origin on the network, or another Worker. */
export type BackendTarget =
  | { readonly kind: 'origin'; readonly origin: string }
  | { readonly kind: 'service'; readonly service: Fetcher }

// The edge cache does not know `x-verified-*`: what one person got must not be stored for another.
const UNCACHED = { cacheTtlByStatus: { '100-599': -1 } }

/** Hands the request on, to an origin or to another Worker. */
export async function forwardToBackend(
  target: BackendTarget,
  { url, init }: Outgoing,
  send: typeof fetch,
): Promise<Result<Response>> {
  try {
    const response =
      target.kind === 'service'
        ? await target.service.fetch(url, init)
        : await send(url, { ...init, cf: UNCACHED })
    return ok(response)
  } catch (error) {
    logFailure('a backend failed with', error)
    return refuse('backend_unavailable', 'the backend cannot be reached right now')
  }
}
