import type { Arrival, Connections, Grant } from '../connection/connections.ts'
import type { Outgoing } from '../forward/outgoing.ts'
import { forwardToBackend } from '../forward/to-backend.ts'
import { forwardToRoom } from '../forward/to-room.ts'
import { refuse, type Refusal, type Result } from '../refusal/refusal.ts'
import { checkUrl, cutUrl, type RawUrl } from '../route/path.ts'
import type { Gate, Visit } from './gate.ts'
import { isPreflight } from './cors.ts'
import { isWebSocketUpgrade } from './refused-upgrade.ts'
import { tokenRequest } from './token-request.ts'
import { grantedResponse, refusedResponse, toldTo } from './token-response.ts'
import { tokenPathOf, type TokenPath } from './token-segment.ts'

/** What of the gate a token meets; none of its guards and hooks. */
export interface TokenGate extends Pick<Gate<never, never>, 'roomPrefix' | 'refusedUpgrades'> {
  readonly rooms: ReadonlyMap<string, { readonly namespace: DurableObjectNamespace }>
  /** The service bindings that may be backends, by name. */
  readonly services: ReadonlyMap<string, Fetcher>
  /** Cookies that hold credentials of the gate's own: no backend of a token may have them. */
  readonly credentialCookies: readonly string[]
}

type TokenVisit = Pick<Visit<unknown>, 'request' | 'context'>

/** How a request with a connection token was answered; `refusal` where the gate did that itself. */
export interface TokenAnswer {
  readonly response: Response
  readonly refusal: Refusal | undefined
}

/**
 * The way of a request whose first path segment is a connection token: admit, forward. Nobody is
 * verified and no hook runs: the application decided when it asked for the connection.
 *
 * @returns `undefined` for a path that does not begin with a token
 */
export function forwardByToken(
  gate: TokenGate,
  connections: Connections,
  visit: TokenVisit,
): Promise<TokenAnswer> | undefined {
  const url = cutUrl(visit.request.url)
  const path = tokenPathOf(url.path, gate.roomPrefix)
  return path && forward(gate, connections, visit, url, path)
}

async function forward(
  gate: TokenGate,
  connections: Connections,
  { request, context }: TokenVisit,
  url: RawUrl,
  path: TokenPath,
): Promise<TokenAnswer> {
  const isUpgrade = isWebSocketUpgrade(request)
  const refused = (refusal: Refusal, backendId: string | undefined): TokenAnswer => ({
    response: refusedResponse(refusal, backendId, request, gate.refusedUpgrades),
    refusal,
  })

  const checked = checkUrl(url)
  if (!checked.ok) return refused(checked.refusal, undefined)
  if (isUpgrade && (request.method !== 'GET' || request.body !== null)) {
    const detail = 'a WebSocket upgrade must be a GET without a body'
    return refused({ code: 'request_malformed', detail }, undefined)
  }
  const admission = await connections.admit(path.token, arrivalOf(request, url, path))
  if (!admission.ok) return refused(toldTo(admission.turned), admission.turned.backendId)
  const grant = admission.value

  const outgoing = tokenRequest(gate, grant, path, url, request, isUpgrade)
  if (!outgoing.ok) return refused(outgoing.refusal, undefined)
  const answered = await send(gate, grant, outgoing.value, context)
  if (!answered.ok) return refused(answered.refusal, grant.backendId)
  const welcome = { ask: () => connections.keepAlive(path.token), sleep: context.sleep }
  return { response: grantedResponse(answered.value, grant, welcome), refusal: undefined }
}

function arrivalOf(request: Request, url: RawUrl, { rest }: TokenPath): Arrival {
  return {
    method: request.method,
    rest: rest || '/',
    origin: request.headers.get('origin') ?? undefined,
    host: url.origin.slice(url.origin.indexOf('://') + 3),
    isPreflight: isPreflight(request),
  }
}

function send(
  { rooms, services }: TokenGate,
  { address }: Grant,
  outgoing: Outgoing,
  context: Visit<unknown>['context'],
): Result<Response> | Promise<Result<Response>> {
  if (address.kind === 'origin') return forwardToBackend(address, outgoing, context.fetch)
  if (address.kind === 'service') {
    const service = services.get(address.service)
    if (service === undefined) return NO_LONGER_SERVED
    return forwardToBackend({ kind: 'service', service }, outgoing, context.fetch)
  }
  const guard = rooms.get(address.party)
  if (guard === undefined) return NO_LONGER_SERVED
  return forwardToRoom(guard.namespace, address.room, outgoing, context.sleep)
}

const NO_LONGER_SERVED = refuse('backend_gone', 'the gate no longer serves what this token is for')
