import { AUTHORIZATION_ONLY, type Carriers } from '../carry/carriers.ts'
import { findCredential } from '../carry/find-credential.ts'
import type { Arrival, Connections } from '../connection/connections.ts'
import { backendName } from '../control/names.ts'
import type { Refusal } from '../refusal/refusal.ts'
import { checkUrl, type RawUrl } from '../route/path.ts'
import { answerAuthLink, AUTH_COOKIE, AUTH_LINK } from './auth-link.ts'
import { preflightByName, refusedByName, sharedByName, toldByName } from './by-name-response.ts'
import { checkRequest } from './check-request.ts'
import { isPreflight } from './cors.ts'
import type { NamedBackend, NamedGate } from './named-backend.ts'
import { checkOrigin } from './origin-check.ts'
import { isWebSocketUpgrade } from './refused-upgrade.ts'
import { sendGranted } from './send-granted.ts'
import { arrivalOf, type GrantedVisit } from './token-path.ts'
import { grantedRequest } from './token-request.ts'
import { grantedResponse } from './token-response.ts'

const CARRIERS: Carriers = { ...AUTHORIZATION_ONLY, cookie: [AUTH_COOKIE] }

/**
 * The way of a request to a session backend that it names: carry, admit, forward. As with a token in
 * the path nobody is verified and no hook runs: the application decided who gets a token.
 */
export async function forwardByName(
  gate: NamedGate,
  connections: Connections,
  visit: GrantedVisit,
  url: RawUrl,
  named: NamedBackend,
): Promise<Response> {
  const { request, context, onRefused } = visit
  const { backendId, prefix, rest } = named
  const isUpgrade = isWebSocketUpgrade(request)
  let isByCookie = false
  const refused = (refusal: Refusal, reached?: string): Response => {
    onRefused(refusal)
    return refusedByName(gate, refusal, reached, request, isByCookie)
  }

  const checked = checkUrl(url)
  if (!checked.ok) return refused(checked.refusal)
  // No backend has another name, so that no object is asked about it.
  if (!backendName.safeParse(backendId).success) return refused(NO_NAME)
  const possible = checkRequest(request, isUpgrade)
  if (!possible.ok) return refused(possible.refusal)
  // A preflight never brings a credential, so nobody could be let through with it.
  if (isPreflight(request)) return preflightByName(gate.cors, request)
  if (rest === AUTH_LINK) {
    const opened = await answerAuthLink(gate, connections, visit, url, named)
    return opened.ok ? opened.value : refused(opened.refusal)
  }

  const found = findCredential(request.headers, '', CARRIERS)
  if (!found.ok) return refused(found.refusal)
  const credential = found.value
  isByCookie = credential?.carrier === 'cookie'
  const trusted = checkOrigin(request, isUpgrade, credential, url.origin, gate.cors?.origins)
  if (!trusted.ok) return refused(trusted.refusal)

  const arrival = arrivalOf(request, url, rest)
  const token = credential?.token
  const admission = await connections.admitByName(backendId, token, arrival)
  if (!admission.ok) return refused(toldByName(admission.turned), admission.turned.backendId)
  const grant = admission.value

  const outgoing = grantedRequest(gate, grant, undefined, rest, url, request, isUpgrade)
  if (!outgoing.ok) return refused(outgoing.refusal)
  const { headers } = outgoing.value.init
  headers.delete('authorization')
  if (prefix !== '' && grant.address.kind !== 'room') headers.set('x-forwarded-prefix', prefix)
  const ask = () =>
    token === undefined ? stillOpen(connections, backendId, arrival) : connections.keepAlive(token)
  const welcome = { ask, sleep: context.sleep }
  const answered = await sendGranted(gate, grant, outgoing.value, context, welcome)
  if (!answered.ok) return refused(answered.refusal, grant.backendId)
  const response = grantedResponse(answered.value, grant, welcome)
  return sharedByName(gate.cors, request, response, isByCookie)
}

const NO_NAME: Refusal = {
  code: 'request_malformed',
  detail: 'the name of the backend: expected 1 to 45 of the characters a-z, 0-9 and -',
}

/** Tells that a connection without a token is still open. @returns why it is to be closed, if it is */
async function stillOpen(
  connections: Connections,
  backendId: string,
  arrival: Arrival,
): Promise<Refusal | undefined> {
  const admission = await connections.admitByName(backendId, undefined, arrival)
  if (admission.ok) return undefined
  const { refusal } = admission.turned
  // Whoever is in stays in while the object cannot be asked; it is asked again.
  return refusal.code === 'store_unavailable' ? undefined : refusal
}
