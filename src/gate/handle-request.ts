import { findCredential, type Credential } from '../carry/find-credential.ts'
import { runHooks, type HookOutcome } from '../hook/run-hooks.ts'
import type { Identity } from '../identity/identity.ts'
import type { Operation } from '../identity/operation.ts'
import { neededFor } from '../policy/permissions.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { cutUrl } from '../route/path.ts'
import { forwardToBackend } from '../forward/to-backend.ts'
import { forwardToRoom } from '../forward/to-room.ts'
import { destinationOfRoute, findRoute, type Route } from './find-route.ts'
import type { Gate, Guard, Visit } from './gate.ts'
import { checkRequest } from './check-request.ts'
import { preflightResponse } from './cors.ts'
import { checkOrigin } from './origin-check.ts'
import { outgoingRequest, withChosenProtocol } from './outgoing-request.ts'
import { enterRoomByToken } from './room-by-token.ts'
import { applicationProtocol, closesRefusedUpgrade, isWebSocketUpgrade } from './refused-upgrade.ts'
import { verifyCredential } from './verify-credential.ts'

/** A request that went all the way, or that a hook answered. */
export interface Passage<C> {
  readonly response: Response
  readonly identity: Identity<C> | undefined
}

/**
 * The way of a request: route, carry, verify, allow, hook, forward.
 *
 * @returns `undefined` for a path that is none of the gate's
 */
export async function handleRequest<Env, C>(
  gate: Gate<Env, C>,
  visit: Visit<Env>,
): Promise<Result<Passage<C> | undefined>> {
  const { request } = visit
  const url = cutUrl(request.url)
  const isUpgrade = isWebSocketUpgrade(request)

  const found = findRoute(gate, url, visit.backendHost)
  if (!found.ok) return found
  const route = found.value
  if (route === undefined) return ok(undefined)
  const preflight = preflightResponse(gate.cors, request)
  if (preflight !== undefined) return ok({ response: preflight, identity: undefined })
  const possible = checkRequest(request, isUpgrade)
  if (!possible.ok) return possible

  const carried = carry(route.guard, request, url.search)
  if (!carried.ok) return carried
  const credential = carried.value
  const trusted = checkOrigin(request, isUpgrade, credential, url.origin, gate.cors?.origins)
  if (!trusted.ok) return trusted

  const entering = enterRoomByToken(gate, route, credential, visit, url, isUpgrade)
  const entered = entering && (await entering)
  if (entered !== undefined) {
    return entered.ok ? ok({ response: entered.value, identity: undefined }) : entered
  }
  const verified = await verify(gate, route, credential, visit)
  if (!verified.ok) return verified
  const identity = verified.value
  const allowed = allow(gate, route, identity, neededFor(request.method, isUpgrade))
  if (!allowed.ok) return allowed
  const permissions = allowed.value
  if (route.kind === 'nowhere') return refuse('route_unknown', 'there is nothing at this path')

  const hooked = await hook(route, identity, permissions, isUpgrade, visit)
  if (hooked.kind === 'refused') return { ok: false, refusal: hooked.refusal }
  if (hooked.kind === 'answered') {
    const { response } = hooked
    const isHidden =
      response.webSocket === null && closesRefusedUpgrade(gate.refusedUpgrades, request)
    if (!isHidden) return ok({ response, identity })
    if (response.status >= 500) return refuse('hook_failed', 'the hook failed')
    return refuse('hook_refused', 'the hook did not let this request through')
  }

  const outgoing = outgoingRequest(
    route,
    hooked.request,
    identity,
    permissions,
    request,
    url,
    isUpgrade,
  )
  if (!outgoing.ok) return outgoing
  const answered =
    route.kind === 'room'
      ? await forwardToRoom(route.guard.namespace, route.room, outgoing.value, visit.context.sleep)
      : await forwardToBackend(route.guard.target, outgoing.value, visit.context.fetch)
  if (!answered.ok) return answered
  const response = withChosenProtocol(answered.value, request, outgoing.value)
  return ok({ response, identity })
}

function carry(
  { auth, carriers }: Guard<never>,
  request: Request,
  search: string,
): Result<Credential | undefined> {
  // The hook decides what a credential is, and finds it itself.
  if (auth === 'hook') return ok(undefined)
  const found = findCredential(request.headers, search, carriers)
  const isAlone =
    found.ok &&
    found.value?.carrier === 'subprotocol' &&
    applicationProtocol(request.headers) === undefined
  if (!isAlone) return found
  return refuse('request_malformed', "offer the application's subprotocol beside the credential")
}

function verify<Env, C>(
  gate: Gate<Env, C>,
  route: Route<Env, C>,
  credential: Credential | undefined,
  visit: Visit<Env>,
): Result<undefined> | Promise<Result<Identity<C>>> {
  const { auth } = route.guard
  if (auth === 'hook') return ok(undefined)
  if (credential === undefined) {
    if (auth === 'optional') return ok(undefined)
    return refuse('credential_missing', 'a credential is needed here')
  }
  // Without a verifier every place that exists has its hook, so this one does not exist.
  if (gate.verifiers.length === 0) return ok(undefined)
  return verifyCredential(gate, credential, destinationOfRoute(route), visit)
}

/** What the caller may do there, if that is enough for this request. */
export function allow<Env, C>(
  { policy }: Gate<Env, C>,
  route: Route<Env, C>,
  identity: Identity<C> | undefined,
  needed: Operation,
): Result<readonly Operation[] | undefined> {
  // Nobody was verified there, and the hook decides alone.
  if (policy === undefined || route.guard.auth === 'hook') return ok(undefined)
  if (identity === undefined) return refuse('credential_missing', 'a credential is needed here')
  const permissions = policy(identity, destinationOfRoute(route))
  if (permissions.includes(needed)) return ok(permissions)
  return refuse('forbidden', `nothing allows this caller to ${needed} here`)
}

function hook<Env, C>(
  route: Exclude<Route<Env, C>, { kind: 'nowhere' }>,
  identity: Identity<C> | undefined,
  permissions: readonly Operation[] | undefined,
  isUpgrade: boolean,
  { request, env, context }: Visit<Env>,
): HookOutcome | Promise<HookOutcome> {
  const mustApprove = route.guard.auth === 'hook'
  const kind = isUpgrade ? 'onBeforeConnect' : 'onBeforeRequest'
  if (route.guard[kind].length === 0 && !mustApprove) return { kind: 'go_on', request }
  const common = { env, identity, permissions, ctx: { waitUntil: context.waitUntil } }
  if (route.kind === 'room') {
    const { party, room, guard } = route
    const lobby = { ...common, party, className: guard.className, room }
    return runHooks(guard[kind], request, lobby, mustApprove)
  }
  const { backend, guard } = route
  return runHooks(guard[kind], request, { ...common, backend }, mustApprove)
}
