import type { Grant, Turned } from '../connection/connections.ts'
import { relaySocket } from '../forward/relay.ts'
import { watchedBody } from '../forward/watched-body.ts'
import type { Welcome } from '../forward/while-open.ts'
import { refusalRules, type Refusal, type RefusalCode } from '../refusal/refusal.ts'
import { problemResponse } from '../refusal/response.ts'
import type { RefusedUpgrades } from './options.ts'
import { closesRefusedUpgrade, refusalResponse } from './refused-upgrade.ts'

const BACKEND_ID = 'x-plane-backend-id'

/** What the backend of a token answered, as the caller gets it. */
export function grantedResponse(response: Response, grant: Grant, welcome: Welcome): Response {
  const { webSocket } = response
  const mayIdle = grant.maxIdleSeconds !== undefined
  if (webSocket !== null) {
    // A room can hibernate only while nobody stands between it and its sockets.
    const isLeftAlone = grant.address.kind === 'room' && !mayIdle
    const end = isLeftAlone ? webSocket : relaySocket(webSocket, welcome)
    const headers = new Headers(response.headers)
    headers.set(BACKEND_ID, grant.backendId)
    // Those are for the connection to the backend; the one to the caller has its own.
    if (!isLeftAlone) headers.delete('sec-websocket-extensions')
    return new Response(null, { status: 101, webSocket: end, headers })
  }
  const answer = mayIdle ? watched(response, welcome) : new Response(response.body, response)
  answer.headers.set(BACKEND_ID, grant.backendId)
  return !mayIdle && isEventStream(answer.headers) ? watched(answer, welcome) : answer
}

function watched(response: Response, welcome: Welcome): Response {
  const { status, statusText, headers } = response
  const init = { status, statusText, headers, encodeBody: 'manual' } as const
  return new Response(watchedBody(response, welcome), init)
}

/** One that is packed would have to be unpacked to be watched, and packed again. */
function isEventStream(headers: Headers): boolean {
  const type = headers.get('content-type')
  const isStream = type?.toLowerCase().startsWith('text/event-stream') === true
  return isStream && !headers.has('content-encoding')
}

/** For strangers every cause is this one, byte for byte, so that they learn nothing of what exists. */
const CLOSED_TO_STRANGERS: Refusal = {
  code: 'backend_gone',
  detail: 'this token does not open anything',
}

/** Why a token was turned away, as far as whoever sent it may know. */
export function toldTo({ refusal, isKnown }: Turned): Refusal {
  return isKnown ? refusal : CLOSED_TO_STRANGERS
}

/** Refusals that are not about the token; all others have Plane's one status for a token. */
const OWN_STATUS: ReadonlySet<RefusalCode> = new Set([
  'request_malformed',
  'forbidden',
  'origin_refused',
  'rate_limited',
  'backend_unavailable',
  'store_unavailable',
  'gate_failed',
])

export function refusedResponse(
  refusal: Refusal,
  backendId: string | undefined,
  request: Request,
  mode: RefusedUpgrades,
): Response {
  if (closesRefusedUpgrade(mode, request)) return refusalResponse(refusal, request, mode)
  const { code } = refusal
  const status = OWN_STATUS.has(code) ? refusalRules[code].status : 410
  return withTokenInUrl(problemOf(refusal, status, backendId))
}

/** The gate's own answer; of a backend that cannot be reached it tells the name, as Plane does. */
export function problemOf(
  refusal: Refusal,
  status: number,
  backendId: string | undefined,
): Response {
  const response = problemResponse(refusal, status)
  if (refusal.code === 'backend_unavailable' && backendId !== undefined) {
    response.headers.set(BACKEND_ID, backendId)
  }
  return response
}

const CORS: readonly (readonly [name: string, value: string])[] = [
  ['access-control-allow-origin', '*'],
  ['access-control-allow-methods', '*'],
  // Fetch standard: `*` does not cover this one name.
  ['access-control-allow-headers', '*, Authorization'],
]

/** A page of any origin may read what came without cookies; a backend that says anything about that says all of it. */
export function openToPages(headers: Headers): void {
  if (CORS.some(([name]) => headers.has(name))) return
  for (const [name, value] of CORS) headers.set(name, value)
}

/** An answer to a request whose URL holds the token, as the page's URL then does too. */
export function withTokenInUrl(response: Response): Response {
  if (response.webSocket !== null) return response
  const { headers } = response
  openToPages(headers)
  if (!headers.has('referrer-policy')) headers.set('referrer-policy', 'no-referrer')
  return response
}
