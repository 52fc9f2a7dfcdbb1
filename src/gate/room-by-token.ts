import type { Credential } from '../carry/find-credential.ts'
import { takeFromHeaders, takeFromSearch } from '../carry/take-credential.ts'
import type { Connections } from '../connection/connections.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { RawUrl } from '../route/path.ts'
import type { Route } from './find-route.ts'
import type { Gate, Visit } from './gate.ts'
import { sendGranted, type GrantedGate } from './send-granted.ts'
import { arrivalOf } from './token-path.ts'
import { grantedRequest } from './token-request.ts'
import { grantedResponse } from './token-response.ts'
import { looksLikeConnectionToken } from './token-segment.ts'

/**
 * The way into a room with a connection token that was issued for that very room, carried as any
 * other credential. No verifier is asked, no permission looked up and no hook runs: as with a token
 * in the path, the application decided when it asked for the connection.
 *
 * @returns `undefined` for every other destination, and for what is no token of this gate's
 */
export function enterRoomByToken<Env, C>(
  gate: Gate<Env, C>,
  route: Route<Env, C>,
  credential: Credential | undefined,
  visit: Visit<Env>,
  url: RawUrl,
  isUpgrade: boolean,
): Promise<Result<Response> | undefined> | undefined {
  const { connected } = gate
  if (connected === undefined || route.kind !== 'room' || credential === undefined) return undefined
  const { carrier, token } = credential
  const isCarried = carrier === 'authorization' || carrier === 'query'
  if (!isCarried || !looksLikeConnectionToken(token)) return undefined
  return enter(gate, connected.connections, route, token, visit, url, isUpgrade)
}

async function enter<Env, C>(
  gate: GrantedGate,
  connections: Connections,
  route: Route<Env, C> & { readonly kind: 'room' },
  token: string,
  { request, context }: Visit<Env>,
  url: RawUrl,
  isUpgrade: boolean,
): Promise<Result<Response> | undefined> {
  const admission = await connections.admit(token, arrivalOf(request, url, route.rest))
  if (!admission.ok) {
    const { isKnown, refusal } = admission.turned
    return isKnown ? { ok: false, refusal } : undefined
  }
  const grant = admission.value
  const { address } = grant
  const isHere =
    address.kind === 'room' && address.party === route.party && address.room === route.room
  if (!isHere) return refuse('forbidden', 'the token is for another place')

  const { carriers } = route.guard
  const taken = { ...url, search: takeFromSearch(url.search, carriers) }
  const outgoing = grantedRequest(gate, grant, undefined, route.rest, taken, request, isUpgrade)
  if (!outgoing.ok) return outgoing
  const { headers } = outgoing.value.init
  takeFromHeaders(headers, [...headers.keys()], carriers)
  const welcome = { ask: () => connections.keepAlive(token), sleep: context.sleep }
  const answered = await sendGranted(gate, grant, outgoing.value, context, welcome)
  if (!answered.ok) return answered
  return ok(grantedResponse(answered.value, grant, welcome))
}
