import type { Admission, Arrival, Connections, Grant } from '../connection/connections.ts'
import type { Refusal } from '../refusal/refusal.ts'
import { checkUrl, hostOf, type RawUrl } from '../route/path.ts'
import { andThen } from './and-then.ts'
import { checkRequest } from './check-request.ts'
import { isPreflight } from './cors.ts'
import type { Visit } from './gate.ts'
import { isWebSocketUpgrade } from './refused-upgrade.ts'
import { sendGranted, type GrantedGate } from './send-granted.ts'
import { grantedRequest } from './token-request.ts'
import { grantedResponse, refusedResponse, toldTo, withTokenInUrl } from './token-response.ts'
import { tokenPathOf, wholeTokenPathOf, type TokenPath } from './token-segment.ts'

export interface GrantedVisit extends Pick<Visit<unknown>, 'request' | 'context'> {
  /** Told why, where the gate itself answers. */
  readonly onRefused: (refusal: Refusal) => void
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
): Promise<Response> | Response | undefined {
  const path =
    label === undefined ? tokenPathOf(url.path, gate.roomPrefix) : wholeTokenPathOf(url.path)
  if (path === undefined) return undefined
  const { request } = visit
  const asked = { ...path, url, label, isUpgrade: isWebSocketUpgrade(request) }
  const checked = checkUrl(url)
  if (!checked.ok) return refused(gate, visit, checked.refusal)
  const possible = checkRequest(request, asked.isUpgrade)
  if (!possible.ok) return refused(gate, visit, possible.refusal)
  const admission = connections.admit(path.token, arrivalOf(request, url, path.rest))
  return andThen(admission, (answer) => forwardAdmitted(gate, connections, visit, asked, answer))
}

interface Asked extends TokenPath {
  readonly url: RawUrl
  readonly label: string | undefined
  readonly isUpgrade: boolean
}

function forwardAdmitted(
  gate: GrantedGate,
  connections: Connections,
  visit: GrantedVisit,
  { token, rest, url, label, isUpgrade }: Asked,
  admission: Admission,
): Promise<Response> | Response {
  if (!admission.ok) {
    return refused(gate, visit, toldTo(admission.turned), admission.turned.backendId)
  }
  const grant = admission.value
  if (label !== undefined && !isAt(grant, label)) return refused(gate, visit, ELSEWHERE)

  const { request, context } = visit
  const path = grant.isStatic ? url.path : rest
  const outgoing = grantedRequest(gate, grant, token, path, url, request, isUpgrade)
  if (!outgoing.ok) return refused(gate, visit, outgoing.refusal)
  const welcome = { ask: () => connections.keepAlive(token), sleep: context.sleep }
  return andThen(sendGranted(gate, grant, outgoing.value, context, welcome), (answered) =>
    answered.ok
      ? withTokenInUrl(grantedResponse(answered.value, grant, welcome))
      : refused(gate, visit, answered.refusal, grant.backendId),
  )
}

function refused(
  { refusedUpgrades }: GrantedGate,
  { request, onRefused }: GrantedVisit,
  refusal: Refusal,
  backendId?: string,
): Response {
  onRefused(refusal)
  return refusedResponse(refusal, backendId, request, refusedUpgrades)
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
