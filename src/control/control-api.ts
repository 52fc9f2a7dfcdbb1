import { Hono, type Context } from 'hono'
import type { Connections } from '../connection/connections.ts'
import { checkUrl, cutUrl } from '../route/path.ts'
import { errorResponse } from './api-error.ts'
import { controlKeys, type ControlKey } from './control-keys.ts'
import { handlersOf } from './handlers.ts'
import { namedOperations } from './operations.ts'
import { refuseTheRest } from './refuse-the-rest.ts'

export interface ControlSettings {
  /** Who may call `/ctrl`, and for what. */
  readonly keys: readonly ControlKey[]
  /** How long a stream of statuses may be silent. Default 15. */
  readonly keepAliveSeconds?: number
}

const KEEP_ALIVE_SECONDS = 15

/**
 * The control API: `/ctrl` for whoever has a control key, `/pub` for everyone, and the description
 * of both.
 *
 * @throws ConfigurationError that names the setting which is wrong
 */
export function controlApi(connections: Connections, settings: ControlSettings): Hono {
  const authorize = controlKeys(settings.keys)
  const handlers = handlersOf(connections, settings.keepAliveSeconds ?? KEEP_ALIVE_SECONDS)
  const app = new Hono()
  app.use(async (c, next) => {
    const url = checkUrl(cutUrl(c.req.url))
    if (!url.ok) return errorResponse({ kind: 'InvalidRequest', message: url.refusal.detail })
    return next()
  })
  app.use('/pub/*', readableByEveryPage)

  const allowed = new Map<string, string>()
  for (const [name, { method, paths, access }] of namedOperations) {
    for (const path of paths) {
      app.on(method, path, async (c) => {
        const refused = access === 'public' ? undefined : await authorize(c.req.raw.headers, access)
        return refused ?? handlers[name](c)
      })
      allowed.set(path, method === 'get' ? 'GET, HEAD' : 'POST')
    }
  }
  // Strangers cannot tell what is there: without a key all of it answers alike.
  app.use('/ctrl/*', async (c, next) => (await authorize(c.req.raw.headers, 'any')) ?? next())
  refuseTheRest(app, 'the control API', allowed)
  return app
}

/** Nothing here depends on who asks, and no credential is looked at. */
async function readableByEveryPage(c: Context, next: () => Promise<void>): Promise<void> {
  if (c.req.method === 'OPTIONS') {
    c.res = new Response(null, {
      status: 204,
      headers: {
        'access-control-allow-methods': 'GET',
        'access-control-allow-headers': 'content-type, last-event-id',
        'access-control-max-age': '7200',
      },
    })
  } else {
    await next()
  }
  c.header('access-control-allow-origin', '*')
}
