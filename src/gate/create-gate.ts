import { Hono, type Context, type Next } from 'hono'
import type { Claims } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { logFailure } from '../refusal/log-failure.ts'
import { ok, refuse, type Refusal, type Result } from '../refusal/refusal.ts'
import { problemResponse } from '../refusal/response.ts'
import { cutUrl } from '../route/path.ts'
import { backendLabelOf } from './backend-host.ts'
import { forwardByName } from './by-name.ts'
import { checkOptions } from './check-options.ts'
import { withCors } from './cors.ts'
import { answerEndpoint } from './endpoints.ts'
import type { Gate } from './gate.ts'
import type { GateEnv } from './gate-env.ts'
import { handleRequest } from './handle-request.ts'
import { namedByHost, namedByPath } from './named-backend.ts'
import type { GateOptions } from './options.ts'
import { platformOf } from './platform.ts'
import { refusalResponse } from './refused-upgrade.ts'
import { afterBug, safely } from './safely.ts'
import { signInRedirect } from './sign-in-redirect.ts'
import { forwardByToken } from './token-path.ts'

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
  // One handler: a router takes its time for each route that a request could have meant.
  app.use(function portico(c, next) {
    const gate = gateIn(c.env)
    if (!gate.ok) return Promise.resolve(refusalResponse(gate.refusal, c.req.raw, 'auto'))
    const answering = answerFinally(gate.value, c)
    // A promise stays as it is: another one around it would cost every request with a token.
    return answering === undefined ? answerOrPass(gate.value, c, next) : Promise.resolve(answering)
  })
  app.notFound(() => problemResponse(nothingHere))
  return app
}

/**
 * All that nobody else could answer: the gate's own endpoints, session backends, and every path at a
 * backend's own host.
 *
 * @returns `undefined` for every other path
 */
function answerFinally<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
): Promise<Response> | Response | undefined {
  const request = c.req.raw
  const failed = (error: unknown) => refusalResponse(afterBug(error), request, gate.refusedUpgrades)
  let answering: ReturnType<typeof answerSession>
  try {
    const label = backendLabelOf(request.url, gate.backendDomain)
    // Before all else: where a backend has its own host, every path is the backend's.
    if (label === undefined) answering = answerEndpoint(gate, c) ?? answerSession(gate, c)
    else answering = answerAtHost(gate, c, label)
  } catch (error) {
    return failed(error)
  }
  return answering instanceof Promise ? answering.catch(failed) : answering
}

async function answerOrPass<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
  next: Next,
): Promise<Response | void> {
  return (await answerGuarded(gate, c)) ?? next()
}

/** A backend of the configuration comes before a session backend of the same name. */
async function answerAtHost<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
  label: string,
): Promise<Response> {
  const answered = gate.backends.has(label)
    ? await answerGuarded(gate, c, label)
    : await answerSession(gate, c, label)
  return answered ?? problemResponse(nothingHere)
}

/**
 * A room or a backend of the configuration, with its verifiers and hooks.
 *
 * @returns `undefined` for a path that is none of the gate's
 */
async function answerGuarded<Env extends object, C>(
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
function answerSession<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
  label?: string,
): Promise<Response> | Response | undefined {
  const { connected } = gate
  if (connected === undefined) return undefined
  const { rootRedirectUrl } = connected
  const isRoot = label === undefined && c.req.path === '/'
  if (rootRedirectUrl !== undefined && isRoot) return c.redirect(rootRedirectUrl, 301)
  const request = c.req.raw
  const onRefused = (refusal: Refusal) => c.set('refusal', refusal)
  const visit = { request, context: platformOf(c), onRefused }
  const url = cutUrl(request.url)
  const { connections } = connected
  const byToken = forwardByToken(gate, connections, visit, url, label)
  if (byToken !== undefined) return byToken
  const named = label === undefined ? namedByPath(gate, url) : namedByHost(label, url)
  return named && forwardByName(gate, connections, visit, url, named)
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
