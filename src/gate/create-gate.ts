import { Hono, type Context } from 'hono'
import { SPAWNER_REPORTS_PATH } from '../control/spawner-reports.ts'
import type { Claims, Identity } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { logFailure } from '../refusal/log-failure.ts'
import { ok, refuse, type Refusal, type Result } from '../refusal/refusal.ts'
import { problemResponse } from '../refusal/response.ts'
import { cutUrl } from '../route/path.ts'
import { backendLabelOf } from './backend-host.ts'
import { forwardByName } from './by-name.ts'
import { checkOptions } from './check-options.ts'
import { preflightResponse, withCors } from './cors.ts'
import type { Gate, Visit } from './gate.ts'
import { handleRequest } from './handle-request.ts'
import { namedByHost, namedByPath } from './named-backend.ts'
import type { GateOptions } from './options.ts'
import { refusalResponse } from './refused-upgrade.ts'
import { signInRedirect } from './sign-in-redirect.ts'
import { forwardByToken } from './token-path.ts'
import { issueTicket, TICKETS_PATH } from './ticket-endpoint.ts'

/** What the gate leaves in Hono's `c.var`, for middleware that stands around it. */
export interface GateVariables<C = Claims> {
  /** Who was let through. */
  identity?: Identity<C>
  /** Why the request was refused. */
  refusal?: Refusal
}

export interface GateEnv<Env extends object = Cloudflare.Env, C = Claims> {
  Bindings: Env
  Variables: GateVariables<C>
}

/** What an app that the gate is mounted in may answer where nobody knows the path. */
export const nothingHere: Refusal = {
  code: 'route_unknown',
  detail: 'there is nothing at this path',
}

/**
 * Makes the gate: a Hono app that is a Worker by itself, and that can be mounted in another app.
 *
 * @param options the options, or a function that makes them from `env`, called once
 * @throws ConfigurationError that names a wrong option; one that shows only once `env` is there
 *   refuses every request with the same message
 */
export function createGate<Env extends object = Cloudflare.Env, C = Claims>(
  options: GateOptions<Env, C> | ((env: Env) => GateOptions<Env, C>),
): Hono<GateEnv<Env, C>> {
  const gateIn = perEnv(
    typeof options === 'function'
      ? (env: Env) => checkOptions(options(env))(env)
      : checkOptions(options),
  )
  const app = new Hono<GateEnv<Env, C>>()
  // Before all else: where a backend has its own host, every path is the backend's.
  app.use(async function backendHosts(c, next) {
    const gate = gateIn(c.env)
    if (!gate.ok) return next()
    const label = backendLabelOf(c.req.raw.url, gate.value.backendDomain)
    return label === undefined ? next() : answerAtHost(gate.value, c, label)
  })
  app.get('/_portico/health', (c) => {
    const gate = gateIn(c.env)
    return gate.ok ? c.json({ status: 'ok' }) : problemResponse(gate.refusal)
  })
  app.on(['POST', 'OPTIONS'], TICKETS_PATH, async (c, next) => {
    const gate = gateIn(c.env)
    if (!gate.ok) return problemResponse(gate.refusal)
    return (await answerTickets(gate.value, c)) ?? next()
  })
  app.post(SPAWNER_REPORTS_PATH, async (c, next) => {
    const gate = gateIn(c.env)
    if (!gate.ok) return problemResponse(gate.refusal)
    return gate.value.connected?.spawnerReports?.(c.req.raw) ?? next()
  })
  for (const path of ['/ctrl/*', '/pub/*', '/_portico/openapi.json', '/_portico/api']) {
    app.all(path, async (c, next) => {
      const gate = gateIn(c.env)
      if (!gate.ok) return problemResponse(gate.refusal)
      return gate.value.connected?.control.fetch(c.req.raw) ?? next()
    })
  }
  for (const path of ['/v1/*', '/v2/*', '/service/*', '/auth']) {
    app.all(path, async (c, next) => {
      const gate = gateIn(c.env)
      if (!gate.ok) return problemResponse(gate.refusal)
      return gate.value.connected?.jamsocket?.fetch(c.req.raw) ?? next()
    })
  }
  app.use(async function portico(c, next) {
    const gate = gateIn(c.env)
    if (!gate.ok) return refusalResponse(gate.refusal, c.req.raw, 'auto')
    return (await answerSession(gate.value, c)) ?? (await answer(gate.value, c)) ?? next()
  })
  app.notFound(() => problemResponse(nothingHere))
  return app
}

/** A backend of the configuration comes before a session backend of the same name. */
async function answerAtHost<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
  label: string,
): Promise<Response> {
  const answered = gate.backends.has(label)
    ? await answer(gate, c, label)
    : await answerSession(gate, c, label)
  return answered ?? problemResponse(nothingHere)
}

async function answer<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
  backendHost?: string,
): Promise<Response | undefined> {
  const request = c.req.raw
  const visit = { request, env: c.env, context: platformOf(c), backendHost }
  const result = await safely(() => handleRequest(gate, visit))
  if (!result.ok) {
    c.set('refusal', result.refusal)
    const refused =
      signInRedirect(gate, result.refusal, request) ??
      refusalResponse(result.refusal, request, gate.refusedUpgrades)
    return withCors(gate.cors, request, refused)
  }
  if (result.value === undefined) return undefined
  const { response, identity } = result.value
  if (identity !== undefined) c.set('identity', identity)
  return withCors(gate.cors, request, response)
}

/**
 * @param label what stands before the domain of the backends, at a host below it
 * @returns `undefined` where there are no connections, and for a path that leads to none of their backends
 */
async function answerSession<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
  label?: string,
): Promise<Response | undefined> {
  const { connected } = gate
  if (connected === undefined) return undefined
  const { connections, services, rootRedirectUrl } = connected
  const isRoot = label === undefined && c.req.path === '/'
  if (rootRedirectUrl !== undefined && isRoot) return c.redirect(rootRedirectUrl, 301)
  const request = c.req.raw
  const visit = { request, context: platformOf(c) }
  const { rooms, roomPrefix, refusedUpgrades, credentialCookies, cors, partitionedCookies } = gate
  const own = { rooms, roomPrefix, refusedUpgrades, credentialCookies, cors, partitionedCookies }
  const reachable = { ...own, services }
  const url = cutUrl(request.url)
  const byToken = forwardByToken(reachable, connections, visit, label)
  const named = label === undefined ? namedByPath(gate, url) : namedByHost(label, url)
  const answering = byToken ?? (named && forwardByName(reachable, connections, visit, url, named))
  if (answering === undefined) return undefined
  const answered = await safely(async () => ok(await answering))
  if (!answered.ok) return refusalResponse(answered.refusal, request, gate.refusedUpgrades)
  const { response, refusal } = answered.value
  if (refusal !== undefined) c.set('refusal', refusal)
  return response
}

/** @returns `undefined` where there are no tickets, and for an OPTIONS that is no preflight */
async function answerTickets<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
): Promise<Response | undefined> {
  const { tickets } = gate
  const request = c.req.raw
  if (tickets === undefined) return undefined
  if (request.method === 'OPTIONS') {
    const preflight = preflightResponse(gate.cors, request)
    return preflight && withCors(gate.cors, request, preflight)
  }
  const visit = { request, env: c.env, context: platformOf(c) }
  const issued = await safely(() => issueTicket(gate, tickets, visit))
  if (!issued.ok) {
    c.set('refusal', issued.refusal)
    return withCors(gate.cors, request, problemResponse(issued.refusal))
  }
  c.set('identity', issued.value.identity)
  return withCors(gate.cors, request, issued.value.response)
}

/** The last line: whatever is thrown here is a bug, and a bug refuses. */
async function safely<T>(handle: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await handle()
  } catch (error) {
    logFailure('something in the gate threw', error)
    return refuse('gate_failed', 'the gate failed')
  }
}

const platform = {
  now: Date.now,
  fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
  sleep: (milliseconds: number) => scheduler.wait(milliseconds),
}

function platformOf(c: Context): Visit<unknown>['context'] {
  return { ...platform, waitUntil: (work) => waitUntil(c, work) }
}

/** `app.request()` of a test brings no execution context; there the work runs on by itself. */
function waitUntil(c: Context, work: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(work)
  } catch {
    work.catch(() => undefined)
  }
}

/** One gate for one `env`: an isolate normally sees one, a test may bring several. */
function perEnv<Env extends object, G>(make: (env: Env) => G): (env: Env) => Result<G> {
  const made = new WeakMap<Env, Result<G>>()
  const none = {} as Env
  // `app.request()` of a test may bring no `env` at all.
  return (env = none) => {
    const known = made.get(env)
    if (known !== undefined) return known
    const result = attempt(() => make(env))
    made.set(env, result)
    return result
  }
}

function attempt<G>(make: () => G): Result<G> {
  try {
    return ok(make())
  } catch (error) {
    if (error instanceof ConfigurationError) {
      console.error(`portico: ${error.message}`)
      return refuse('gate_misconfigured', error.message)
    }
    logFailure('the options threw', error)
    return refuse('gate_misconfigured', 'the options cannot be made from env')
  }
}
