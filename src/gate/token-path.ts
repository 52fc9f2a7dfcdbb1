import type { Arrival, Connections, Grant } from '../connection/connections.ts'
import type { Refusal } from '../refusal/refusal.ts'
import { checkUrl, hostOf, type RawUrl } from '../route/path.ts'
import { checkRequest } from './check-request.ts'
import { isPreflight } from './cors.ts'
import type { Visit } from './gate.ts'
import { isWebSocketUpgrade } from './refused-upgrade.ts'
import { sendGranted, type GrantedGate } from './send-granted.ts'
import { grantedRequest } from './token-request.ts'
import { grantedResponse, refusedResponse, toldTo, withTokenInUrl } from './token-response.ts'
import { tokenPathOf, wholeTokenPathOf, type TokenPath } from './token-segment.ts'

export type GrantedVisit = Pick<Visit<unknown>, 'request' | 'context'>

/** How a request to a session backend was answered; `refusal` where the gate did that itself. */
export interface GrantedAnswer {
  readonly response: Response
  readonly refusal: Refusal | undefined
}

/**
 * The way of a request whose first path segment is a connection token: admit, forward. Nobody is
 * verified and no hook runs: the application decided when it asked for the connection.
 *
 * @param label what stands before the domain of the backends, at a host below it
 * @returns `undefined` for a path that does not begin with a token
 */
export function forwardByToken(
  gate: GrantedGate,
  connections: Connections,
  visit: GrantedVisit,
  url: RawUrl,
  label?: string,
): Promise<GrantedAnswer> | undefined {
  const path =
    label === undefined ? tokenPathOf(url.path, gate.roomPrefix) : wholeTokenPathOf(url.path)
  return path && forward(gate, connections, visit, url, path, label)
}

async function forward(
  gate: GrantedGate,
  connections: Connections,
  { request, context }: GrantedVisit,
  url: RawUrl,
  path: TokenPath,
  label: string | undefined,
): Promise<GrantedAnswer> {
  const isUpgrade = isWebSocketUpgrade(request)
  const refused = (refusal: Refusal, backendId: string | undefined): GrantedAnswer => ({
    response: refusedResponse(refusal, backendId, request, gate.refusedUpgrades),
    refusal,
  })

  const checked = checkUrl(url)
  if (!checked.ok) return refused(checked.refusal, undefined)
  const possible = checkRequest(request, isUpgrade)
  if (!possible.ok) return refused(possible.refusal, undefined)
  const admission = await connections.admit(path.token, arrivalOf(request, url, path.rest))
  if (!admission.ok) return refused(toldTo(admission.turned), admission.turned.backendId)
  const grant = admission.value
  if (label !== undefined && !isAt(grant, label)) return refused(ELSEWHERE, undefined)

  const forwarded = grant.isStatic ? url.path : path.rest
  const outgoing = grantedRequest(gate, grant, path.token, forwarded, url, request, isUpgrade)
  if (!outgoing.ok) return refused(outgoing.refusal, undefined)
  const welcome = { ask: () => connections.keepAlive(path.token), sleep: context.sleep }
  const answered = await sendGranted(gate, grant, outgoing.value, context, welcome)
  if (!answered.ok) return refused(answered.refusal, grant.backendId)
  const response = withTokenInUrl(grantedResponse(answered.value, grant, welcome))
  return { response, refusal: undefined }
}

/** On the host of another backend its pages would be that one's own, and could do all that it may. */
function isAt({ backendId, subdomain }: Grant, label: string): boolean {
  return label === backendId || label === subdomain
}

const ELSEWHERE: Refusal = { code: 'forbidden', detail: 'the backend is not at this host' }

/** @param rest what follows of the path after what leads to the backend */
export function arrivalOf(request: Request, url: RawUrl, rest: string): Arrival {
  return {
    method: request.method,
    rest: rest || '/',
    origin: request.headers.get('origin') ?? undefined,
    host: hostOf(url.origin),
    isPreflight: isPreflight(request),
  }
}
