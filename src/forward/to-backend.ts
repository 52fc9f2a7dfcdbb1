import { logFailure } from '../refusal/log-failure.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Outgoing } from './outgoing.ts'

/** Where a backend's requests go: an origin on the network, or another Worker. */
export type BackendTarget =
  | { readonly kind: 'origin'; readonly origin: string }
  | { readonly kind: 'service'; readonly service: Fetcher }

/**
 * Hands the request on, to an origin or to another Worker. Not `async`: every request comes by here,
 * and a promise that waits for another costs it a thirtieth.
 */
export function forwardToBackend(
  target: BackendTarget,
  { url, init }: Outgoing,
  send: typeof fetch,
): Promise<Result<Response>> {
  const sending =
    target.kind === 'service'
      ? target.service.fetch(url, init)
      : // The edge cache does not know `x-verified-*`: what one person got is not for another.
        send(url, { ...init, cache: 'no-store' })
  return sending.then(answered, failed)
}

function answered(response: Response): Result<Response> {
  if (isAnswer(response)) return ok(response)
  void response.body?.cancel()
  console.error('portico: a backend answered with a status that is none')
  return unreachable
}

function failed(error: unknown): Result<Response> {
  logFailure('a backend failed with', error)
  return unreachable
}

const unreachable = refuse('backend_unavailable', 'the backend cannot be reached right now')

/** No response can be made of another status (Fetch standard); a 101 counts only with its socket. */
function isAnswer({ status, webSocket }: Response): boolean {
  return webSocket !== null || (status >= 200 && status <= 599)
}
