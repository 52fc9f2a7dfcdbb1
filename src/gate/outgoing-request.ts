import { BEARER_PROTOCOL } from '../carry/carriers.ts'
import { protocolsOf } from '../carry/find-credential.ts'
import { takeFromHeaders, takeFromSearch } from '../carry/take-credential.ts'
import { cleanHeaders } from '../forward/clean-headers.ts'
import type { Outgoing } from '../forward/outgoing.ts'
import { identityHeaders } from '../identity/headers.ts'
import type { Identity } from '../identity/identity.ts'
import type { Operation } from '../identity/operation.ts'
import { ok, type Result } from '../refusal/refusal.ts'
import type { Destination } from '../route/destination.ts'
import { cutUrl, hostOf, type RawUrl } from '../route/path.ts'
import type { BackendGuard, RoomGuard } from './gate.ts'
import { applicationProtocol } from './refused-upgrade.ts'

type ForwardRoute =
  | (Destination & {
      readonly kind: 'room'
      readonly guard: Pick<RoomGuard<never, never>, 'carriers'>
    })
  | (Destination & {
      readonly kind: 'backend'
      readonly guard: Pick<BackendGuard<never, never>, 'carriers' | 'path' | 'target'>
    })

/**
 * The request as the room or the backend gets it: the credential out, forged names out, and the
 * identity in last, so that neither the caller nor a hook's new request can have set it.
 *
 * @param hooked what the hooks made of the request; only its path and query count, never its origin
 * @param permissions what the caller may do there, where a policy says so
 * @param received the request as it came, for what a hook's new request may have lost
 */
export function outgoingRequest(
  route: ForwardRoute,
  hooked: Request,
  identity: Identity<unknown> | undefined,
  permissions: readonly Operation[] | undefined,
  received: Request,
  receivedUrl: RawUrl,
  isUpgrade: boolean,
): Result<Outgoing> {
  const url = hooked === received ? receivedUrl : cutUrl(hooked.url)
  const search = takeFromSearch(url.search, route.guard.carriers)
  const here = receivedUrl.origin
  const [origin, path] =
    route.kind === 'room' ? [here, url.path] : backendUrl(route, here, url.path)
  const headers = new Headers(hooked.headers)
  const outgoing = ready(origin + path + search, hooked, headers, received)

  const names = cleanHeaders(headers)
  takeFromHeaders(headers, names, route.guard.carriers)
  if (isUpgrade) {
    headers.set('upgrade', 'websocket')
    const protocol = applicationProtocol(received.headers)
    const isLost = protocol !== undefined && !headers.has('sec-websocket-protocol')
    if (isLost) headers.set('sec-websocket-protocol', protocol)
  }
  if (route.kind === 'backend') {
    setForwarded(headers, here, received)
    const isStripped = route.guard.path === 'strip' && route.prefix !== ''
    if (isStripped) headers.set('x-forwarded-prefix', route.prefix)
  }
  if (identity === undefined) return ok(outgoing)

  const verified = identityHeaders(identity)
  if (!verified.ok) return verified
  for (const [name, value] of verified.value) headers.set(name, value)
  if (permissions !== undefined) headers.set('x-verified-permissions', permissions.join(' '))
  return ok(outgoing)
}

/** @param headers what is sent instead of the request's own */
export function ready(
  target: string,
  hooked: Request,
  headers: Headers,
  received: Request,
): Outgoing {
  const { method, body } = hooked
  // A redirect is the caller's to follow: followed here, it would carry the identity elsewhere.
  const redirect = 'manual'
  // A GET with a body can be handed on but not made anew (Fetch standard).
  const isBound = body !== null && (method === 'GET' || method === 'HEAD')
  if (isBound) return { url: new Request(target, hooked), init: { headers, redirect } }
  // Without `cf`: reading it takes as long as all the checks of the gate.
  const init = { method, headers, body, redirect } as const
  // The platform ends what a caller who goes away has started; a hook's request has its own signal.
  return { url: target, init: hooked === received ? init : { ...init, signal: hooked.signal } }
}

/** By joining text after an authority that is the configuration's: no path can change the origin. */
function backendUrl(
  { guard, prefix }: ForwardRoute & { kind: 'backend' },
  here: string,
  path: string,
): [origin: string, path: string] {
  const origin = guard.target.kind === 'origin' ? guard.target.origin : here
  if (guard.path === 'keep' || !path.startsWith(prefix)) return [origin, path]
  return [origin, path.slice(prefix.length) || '/']
}

/** What a backend behind a proxy needs to know; the caller's own copies were dropped before. */
export function setForwarded(headers: Headers, here: string, received: Request): void {
  headers.set('x-forwarded-proto', here.slice(0, here.indexOf(':')))
  headers.set('x-forwarded-host', hostOf(here))
  const address = received.headers.get('cf-connecting-ip')
  if (address !== null) headers.set('x-forwarded-for', address)
}

/**
 * A 101 goes through untouched, with one exception: where the client offered a credential among its
 * subprotocols and the room selected none, the application's own is echoed, for browsers break the
 * handshake off otherwise.
 */
export function withChosenProtocol(
  response: Response,
  received: Request,
  outgoing: Outgoing,
): Response {
  if (response.webSocket === null) return response
  const offered = protocolsOf(received.headers)
  if (!offered.some((protocol) => protocol.startsWith(BEARER_PROTOCOL))) return response
  const protocol = applicationProtocol(outgoing.init.headers)
  if (protocol === undefined || response.headers.has('sec-websocket-protocol')) return response
  const headers = new Headers(response.headers)
  headers.set('sec-websocket-protocol', protocol)
  return new Response(null, { status: 101, webSocket: response.webSocket, headers })
}
