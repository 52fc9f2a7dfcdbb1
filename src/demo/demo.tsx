import { Hono } from 'hono'
import { html } from 'hono/html'
import clientSource from '../../dist/demo-client.txt'
import type { Refusal } from '../refusal/refusal.ts'
import { problemResponse } from '../refusal/response.ts'
import { createPortico } from '../server.ts'
import { openDevelopmentSession } from './dev-session.ts'
import { mintDevelopmentToken } from './dev-token.ts'
import { developmentControlKey } from './development.ts'
import { CLIENT_PATH, CONTENT_SECURITY_POLICY, DemoPage, STYLE_PATH } from './page.tsx'
import { roomNameFrom } from './room-name.ts'
import { styleSheet } from './style/style-sheet.ts'

/** The settings that decide what of the demo is there. */
export interface DemoSettings {
  readonly DEVELOPMENT_KEY?: string
  readonly DEMO?: string
  readonly CONTROL_KEY?: string
  readonly SPAWNER_URL?: string
}

/** The gate, as an application's server reaches it. */
interface ReachableGate<Env> {
  readonly fetch: (request: Request, env: Env, context: Context) => Response | Promise<Response>
}

type Context = Pick<ExecutionContext, 'waitUntil' | 'passThroughOnException' | 'props'>

/** The page at `/` and what it needs. Where the demo is not wanted, its paths go to whoever is next. */
export function createDemo<Env extends DemoSettings>(gate: ReachableGate<Env>) {
  return new Hono<{ Bindings: Env }>()
    .get('/', (c, next) => {
      if (!isShown(c.env)) return next()
      c.header('content-security-policy', CONTENT_SECURITY_POLICY)
      c.header('referrer-policy', 'no-referrer')
      c.header('x-content-type-options', 'nosniff')
      c.header('cache-control', 'no-cache')
      const canMint = c.env.DEVELOPMENT_KEY !== undefined
      const { origin } = new URL(c.req.url)
      const room = roomNameFrom(c.req.query('room'))
      const canSpawn = sessionKey(c.env) !== undefined && c.env.SPAWNER_URL !== undefined
      const props = { canMint, canSpawn, origin, room }
      return c.html(html`<!doctype html>${(<DemoPage {...props} />)}`)
    })
    .get(CLIENT_PATH, (c, next) =>
      isShown(c.env) ? asset(clientSource, 'text/javascript') : next(),
    )
    .get(STYLE_PATH, (c, next) => (isShown(c.env) ? asset(styleSheet, 'text/css') : next()))
    .post('/_portico/dev/token', async (c, next) => {
      const { DEVELOPMENT_KEY } = c.env
      if (DEVELOPMENT_KEY === undefined) return next()
      return mintDevelopmentToken(await c.req.text(), DEVELOPMENT_KEY)
    })
    .post('/_portico/dev/session', async (c, next) => {
      const key = sessionKey(c.env)
      if (key === undefined) return next()
      const { origin } = new URL(c.req.url)
      // A page of another site cannot read the answer, but could start processes here.
      const caller = c.req.header('origin') ?? origin
      if (caller !== origin) return problemResponse(foreignPage)
      const ask = (url: string, init: RequestInit) =>
        gate.fetch(new Request(url, init), c.env, c.executionCtx)
      const portico = createPortico({ url: origin, key, fetch: ask })
      return openDevelopmentSession(await c.req.text(), portico)
    })
}

const foreignPage: Refusal = {
  code: 'origin_refused',
  detail: 'only this page may ask for a session',
}

/** What sessions are asked for with: they are for anybody, so the key must be one that anybody knows. */
function sessionKey({ DEVELOPMENT_KEY, CONTROL_KEY }: DemoSettings): string | undefined {
  return DEVELOPMENT_KEY === undefined ? undefined : developmentControlKey(CONTROL_KEY)
}

function isShown({ DEVELOPMENT_KEY, DEMO }: DemoSettings): boolean {
  return DEVELOPMENT_KEY !== undefined || DEMO === 'true'
}

function asset(source: string, type: string): Response {
  return new Response(source, {
    headers: {
      'content-type': `${type}; charset=utf-8`,
      'x-content-type-options': 'nosniff',
      'cache-control': 'no-cache',
    },
  })
}
