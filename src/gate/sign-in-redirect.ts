import { credentialParameters } from '../carry/carriers.ts'
import { withoutParameter } from '../carry/query-string.ts'
import type { Refusal, RefusalCode } from '../refusal/refusal.ts'
import { cutUrl } from '../route/path.ts'
import type { Gate } from './gate.ts'

/** What signing in can mend: a token that is wrong in another way would only come back. */
const MENDED: ReadonlySet<RefusalCode> = new Set(['credential_missing', 'token_expired'])

/**
 * Sends a person who opened a page without a session, or with one that has ended, to the sign-in
 * page. `return_to` is the whole URL that was asked for, its origin included: a path alone could
 * begin with `//` and lead to another host. It holds no credential.
 *
 * @returns `undefined` for everything but such a page: scripts and sockets need the refusal itself
 */
export function signInRedirect<Env, C>(
  { signInUrl, rooms, backends, elsewhere }: Gate<Env, C>,
  refusal: Refusal,
  request: Request,
): Response | undefined {
  if (signInUrl === undefined || !MENDED.has(refusal.code) || !opensPage(request)) return undefined
  const { origin, path, search } = cutUrl(request.url)
  const guards = [elsewhere, ...rooms.values(), ...backends.values()]
  // Of every destination: what is a credential at one of them is nothing to pass on at another.
  const parameters = new Set(guards.flatMap(({ carriers }) => credentialParameters(carriers)))
  const kept = [...parameters].reduce(withoutParameter, search)
  const location = new URL(signInUrl)
  location.searchParams.set('return_to', origin + path + kept)
  const headers = {
    location: location.href,
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }
  return new Response(null, { status: 302, headers })
}

/** Browsers that do not tell what a request is for still prefer HTML for a page. */
function opensPage({ method, headers }: Request): boolean {
  if (method !== 'GET' || headers.has('upgrade')) return false
  const destination = headers.get('sec-fetch-dest')
  if (destination !== null) return destination === 'document'
  return headers.get('accept')?.toLowerCase().startsWith('text/html') === true
}
