import type { Credential } from '../carry/find-credential.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'

const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * A browser adds cookies to what any page asks of it, so whatever comes with cookies must come from
 * a page that is trusted: every upgrade (cross-site WebSocket hijacking; `SameSite` does not stop a
 * sibling subdomain), and every request that changes something, unless its credential is one that
 * no browser adds by itself. A header that a proxy adds for a browser's cookie is as bad as the
 * cookie, even where the proxy keeps the cookie to itself; callers that are no browser then send no
 * `Origin` at all.
 *
 * @param ownOrigin the origin that the request was sent to
 */
export function checkOrigin(
  request: Request,
  isUpgrade: boolean,
  credential: Credential | undefined,
  ownOrigin: string,
  allowed: ReadonlySet<string> | undefined,
): Result<void> {
  const hasCookie = request.headers.has('cookie')
  const isFromProxy = credential?.carrier === 'header'
  if (!hasCookie && !isFromProxy) return ok(undefined)
  const isExplicit = credential !== undefined && credential.carrier !== 'cookie' && !isFromProxy
  if (!isUpgrade && (isExplicit || SAFE_METHODS.has(request.method))) return ok(undefined)
  const origin = request.headers.get('origin')
  if (origin === null && !hasCookie) return ok(undefined)
  if (origin !== null && (origin === ownOrigin || allowed?.has(origin) === true))
    return ok(undefined)
  return refuse('origin_refused', 'a request with cookies needs an Origin that this gate allows')
}
