import { takeFromCookie } from '../carry/take-credential.ts'
import type { Grant } from '../connection/connections.ts'
import { cleanHeaders } from '../forward/clean-headers.ts'
import type { Outgoing } from '../forward/outgoing.ts'
import { connectionHeaders } from '../identity/headers.ts'
import { ok, type Result } from '../refusal/refusal.ts'
import { asciiText, cutUrl, type RawUrl } from '../route/path.ts'
import { ready, setForwarded } from './outgoing-request.ts'
import type { GrantedGate } from './send-granted.ts'
import { wholeTokenPathOf } from './token-segment.ts'

/**
 * The request as the backend of a grant gets it. What else the caller brings is the
 * application's own and stays, but for the gate's cookies; `x-verified-*` are set last, so that the caller cannot have set them.
 *
 * @param token what the path began with; `undefined` where the backend was named
 * @param path what the backend gets for a path: starting with a slash, or empty
 */
export function grantedRequest(
  { roomPrefix, credentialCookies }: Pick<GrantedGate, 'roomPrefix' | 'credentialCookies'>,
  grant: Grant,
  token: string | undefined,
  path: string,
  url: RawUrl,
  received: Request,
  isUpgrade: boolean,
): Result<Outgoing> {
  const verified = headersOf(grant)
  if (!verified.ok) return verified

  const headers = new Headers(received.headers)
  const names = cleanHeaders(headers)
  if (names.includes('cookie')) takeFromCookie(headers, credentialCookies)
  if (isUpgrade) headers.set('upgrade', 'websocket')
  if (grant.address.kind !== 'room') setForwarded(headers, url.origin, received)
  if (names.includes('referer')) dropForeignReferer(headers, token)

  for (const [name, value] of verified.value) headers.set(name, value)
  headers.set('x-verified-path', asciiText(url.path))

  const outgoing = ready(targetOf(grant, path, url, roomPrefix), received, headers, received)
  if (grant.maxIdleSeconds === undefined) return ok(outgoing)
  // What is watched while it streams is passed on as it is packed, not unpacked and packed again.
  return ok({ ...outgoing, init: { ...outgoing.init, encodeResponseBody: 'manual' } })
}

// One grant serves every request with its token for a while, so its headers are made once.
const made = new WeakMap<Grant, ReturnType<typeof headersOf>>()

function headersOf(grant: Grant): Result<readonly (readonly [name: string, value: string])[]> {
  const known = made.get(grant)
  if (known !== undefined) return known
  const identity = connectionHeaders(grant.user, grant.auth)
  const result = identity.ok
    ? ok([
        ...identity.value,
        ['x-verified-backend', grant.backendId] as const,
        ['x-verified-secret', grant.secretToken] as const,
      ])
    : identity
  made.set(grant, result)
  return result
}

/** By joining text after an authority that is the grant's or the gate's: no path can change it. */
function targetOf({ address }: Grant, path: string, url: RawUrl, roomPrefix: string): string {
  if (address.kind === 'room') {
    const [party, room] = [address.party, address.room].map(encodeURIComponent)
    return `${url.origin}/${roomPrefix}/${party}/${room}${path}${url.search}`
  }
  const origin = address.kind === 'origin' ? address.origin : url.origin
  return origin + (path || '/') + url.search
}

/** From a page of one backend to another's: the referring URL holds a token that is not for it. */
function dropForeignReferer(headers: Headers, token: string | undefined): void {
  const referer = headers.get('referer')
  if (referer === null) return
  const named = wholeTokenPathOf(cutUrl(referer).path)
  if (named !== undefined && named.token !== token) headers.delete('referer')
}
