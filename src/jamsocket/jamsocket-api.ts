import { Hono } from 'hono'
import type { Connections } from '../connection/connections.ts'
import { errorResponse } from '../control/api-error.ts'
import { controlKeys, type ControlKey, type ControlScope } from '../control/control-keys.ts'
import { refuseTheRest } from '../control/refuse-the-rest.ts'
import { checkUrl, cutUrl } from '../route/path.ts'
import { inEnvelope } from './error-envelope.ts'
import { handlersOf } from './handlers.ts'
import { servicesOf, type JamsocketServices } from './services.ts'

export interface JamsocketSettings {
  /** A control key is every account's token, and its scope holds here too. */
  readonly keys: readonly ControlKey[]
  readonly services: JamsocketServices
  /** `host[:port]` under which each backend has a host. Default: each has a path at the gate. */
  readonly backendDomain?: string | undefined
  /** How long a stream of statuses may be silent. Default 15. */
  readonly keepAliveSeconds?: number
}

interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** `public`: everyone, from every page; `any`: every control key. */
  readonly access: ControlScope | 'any' | 'public'
  readonly name: keyof ReturnType<typeof handlersOf>
}

const SERVICE = '/v2/service/:account/:service'
const BACKEND = '/v2/backend/:backend'
const SPAWN = '/v1/user/:account/service/:service/spawn'
const BACKEND_OF_V1 = '/v1/backend/:backend'
const TERMINATE_ALL = '/service/:account/:service/terminate-backends'

const routes: readonly Route[] = [
  { method: 'POST', path: `${SERVICE}/connect`, access: 'connect', name: 'connect' },
  { method: 'POST', path: `${SERVICE}/:environment/connect`, access: 'connect', name: 'connect' },
  { method: 'GET', path: `${BACKEND}/status`, access: 'public', name: 'status' },
  { method: 'GET', path: `${BACKEND}/status/stream`, access: 'public', name: 'statusStream' },
  { method: 'GET', path: BACKEND, access: 'read', name: 'info' },
  { method: 'POST', path: `${BACKEND}/terminate`, access: 'admin', name: 'terminate' },
  { method: 'GET', path: '/v2/account/:account/backends', access: 'read', name: 'list' },
  { method: 'POST', path: TERMINATE_ALL, access: 'admin', name: 'terminateAll' },
  { method: 'POST', path: SPAWN, access: 'connect', name: 'spawn' },
  { method: 'GET', path: `${BACKEND_OF_V1}/status`, access: 'public', name: 'statusOfV1' },
  {
    method: 'GET',
    path: `${BACKEND_OF_V1}/status/stream`,
    access: 'public',
    name: 'statusStreamOfV1',
  },
  { method: 'POST', path: `${BACKEND_OF_V1}/terminate`, access: 'admin', name: 'terminateByV1' },
  { method: 'GET', path: '/auth', access: 'any', name: 'auth' },
]

const KEEP_ALIVE_SECONDS = 15

/**
 * Jamsocket's API over the gate's connections, for clients that were written for it.
 *
 * @throws ConfigurationError that names the setting which is wrong
 */
export function jamsocketApi(connections: Connections, settings: JamsocketSettings): Hono {
  const authorize = controlKeys(settings.keys)
  const services = servicesOf(settings.services)
  const { backendDomain, keepAliveSeconds = KEEP_ALIVE_SECONDS } = settings
  const handlers = handlersOf(connections, { services, backendDomain, keepAliveSeconds })
  const app = new Hono()
  app.use(async (c, next) => {
    await next()
    if (c.res.status >= 400) c.res = await inEnvelope(c.res)
  })
  app.use(async (c, next) => {
    const url = checkUrl(cutUrl(c.req.url))
    if (!url.ok) return errorResponse({ kind: 'InvalidRequest', message: url.refusal.detail })
    return c.req.method === 'OPTIONS' ? preflight() : next()
  })

  for (const { method, path, access, name } of routes) {
    app.on(method, path, async (c) => {
      const refused = access === 'public' ? undefined : await authorize(c.req.raw.headers, access)
      if (refused !== undefined) return refused
      const response = await handlers[name](c)
      if (access !== 'public') return response
      response.headers.set('access-control-allow-origin', '*')
      return response
    })
  }
  // Strangers cannot tell what is there: without a key all of it answers alike.
  app.use(async (c, next) => (await authorize(c.req.raw.headers, 'any')) ?? next())
  const allowed = routes.map(({ method, path }): [string, string] => [
    path,
    method === 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS',
  ])
  refuseTheRest(app, 'the Jamsocket API', new Map(allowed))
  return app
}

/** Pages may read statuses. None may send a key: `Authorization` is not among the headers. */
function preflight(): Response {
  return new Response(null, {
    status: 204,
    headers: {
      'access-control-allow-origin': '*',
      'access-control-allow-methods': 'GET, POST',
      'access-control-allow-headers': 'content-type',
      'access-control-max-age': '7200',
    },
  })
}
