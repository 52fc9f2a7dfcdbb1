import { AUTHORIZATION_ONLY, TICKET_PARAMETER } from '../carry/carriers.ts'
import { findCredential } from '../carry/find-credential.ts'
import type { Identity } from '../identity/identity.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Destination } from '../route/destination.ts'
import { cutUrl, type RawUrl } from '../route/path.ts'
import type { Tickets } from '../ticket/tickets.ts'
import { readJson } from '../verify/limited-body.ts'
import { destinationOfRoute, findRoute } from './find-route.ts'
import type { Gate, Visit } from './gate.ts'
import { allow } from './handle-request.ts'
import { ticketDestination, verifyToken } from './verify-credential.ts'

export const TICKETS_PATH = '/_portico/tickets'

/** A ticket that was issued, as the answer that tells it, and to whom. */
export interface IssuedTicket<C> {
  readonly response: Response
  readonly identity: Identity<C>
}

const MAX_BODY_BYTES = 8192

/** Answers `POST /_portico/tickets`. Hooks do not run here, but where the ticket is redeemed. */
export async function issueTicket<Env, C>(
  gate: Gate<Env, C>,
  tickets: Tickets,
  visit: Visit<Env>,
): Promise<Result<IssuedTicket<C>>> {
  const { request, context } = visit
  const found = findCredential(request.headers, '', AUTHORIZATION_ONLY)
  if (!found.ok) return found
  if (found.value === undefined) {
    return refuse('credential_missing', 'a token is needed here, in the Authorization header')
  }
  const verified = await verifyToken(gate, found.value.token, visit)
  if (!verified.ok) return verified

  const ordered = await readOrder(gate, request, verified.value)
  if (!ordered.ok) return ordered
  const { url, destination } = ordered.value
  const origin = request.headers.get('origin') ?? undefined
  const issued = await tickets.issue(
    verified.value,
    ticketDestination(destination),
    origin,
    context.now() / 1000,
  )
  if (!issued.ok) return issued
  const { ticket, expiresAt } = issued.value
  const socket = url.origin.replace(/^http/, 'ws') + url.path
  const answer = {
    ticket,
    url: `${socket}?${TICKET_PARAMETER}=${ticket}`,
    expires_at: new Date(expiresAt * 1000).toISOString(),
  }
  const response = Response.json(answer, { headers: { 'cache-control': 'no-store' } })
  return ok({ response, identity: verified.value })
}

/** Where the ticket is wanted for, found in the same way as for a request that goes there. */
async function readOrder<Env, C>(
  gate: Gate<Env, C>,
  request: Request,
  identity: Identity<C>,
): Promise<Result<{ readonly url: RawUrl; readonly destination: Destination }>> {
  const body = await readObject(request)
  if (!body.ok) return body
  const path = pathOf(body.value, gate.roomPrefix)
  if (!path.ok) return path
  const url = { origin: cutUrl(request.url).origin, path: path.value, search: '' }
  const found = findRoute(gate, url)
  if (!found.ok) return found
  const route = found.value
  if (route === undefined) return nothingThere()
  const allowed = allow(gate, route, identity, 'connect')
  if (!allowed.ok) return allowed
  if (route.kind === 'nowhere') return nothingThere()
  // Nobody but the hook lets anyone in there, and it would not know what a ticket is.
  if (route.guard.auth === 'hook') {
    return refuse('hook_refused', 'the hook alone lets callers in there, without tickets')
  }
  return ok({ url, destination: destinationOfRoute(route) })
}

function nothingThere() {
  return refuse('route_unknown', 'there is nothing at this destination')
}

async function readObject(request: Request): Promise<Result<Readonly<Record<string, unknown>>>> {
  const body = await readJson(request, MAX_BODY_BYTES).catch(() => undefined)
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return ok({ ...body })
  const detail = `the body: expected an object as application/json of at most ${MAX_BODY_BYTES} bytes`
  return refuse('request_malformed', detail)
}

function pathOf(
  { party, room, backend, ...others }: Readonly<Record<string, unknown>>,
  roomPrefix: string,
): Result<string> {
  const isRoom = backend === undefined && party !== undefined && room !== undefined
  const isBackend = backend !== undefined && party === undefined && room === undefined
  if (isRoom === isBackend || Object.keys(others).length > 0) {
    return refuse(
      'request_malformed',
      'the body: expected {"party","room"} or {"backend"} and nothing else',
    )
  }
  const names = isRoom ? { party, room } : { backend }
  const segments = [isRoom ? roomPrefix : 'backends']
  for (const [field, name] of Object.entries(names)) {
    if (typeof name !== 'string' || name === '' || !name.isWellFormed()) {
      return refuse('request_malformed', `${field}: expected text that is not empty`)
    }
    segments.push(encodeURIComponent(name))
  }
  return ok(`/${segments.join('/')}`)
}
