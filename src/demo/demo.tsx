import { Hono } from 'hono'
import { html } from 'hono/html'
import clientSource from '../../dist/demo-client.txt'
import { mintDevelopmentToken } from './dev-token.ts'
import { CLIENT_PATH, CONTENT_SECURITY_POLICY, DemoPage, STYLE_PATH } from './page.tsx'
import { roomNameFrom } from './room-name.ts'
import { styleSheet } from './style/style-sheet.ts'

/** The settings that decide whether the demo is there. */
export interface DemoSettings {
  readonly DEVELOPMENT_KEY?: string
  readonly DEMO?: string
}

/** The page at `/` and what it needs. Where the demo is not wanted, its paths go to whoever is next. */
export const demo = new Hono<{ Bindings: DemoSettings }>()
  .get('/', (c, next) => {
    if (!isShown(c.env)) return next()
    c.header('content-security-policy', CONTENT_SECURITY_POLICY)
    c.header('referrer-policy', 'no-referrer')
    c.header('x-content-type-options', 'nosniff')
    c.header('cache-control', 'no-cache')
    const canMint = c.env.DEVELOPMENT_KEY !== undefined
    const { origin } = new URL(c.req.url)
    const room = roomNameFrom(c.req.query('room'))
    return c.html(
      html`<!doctype html>${(<DemoPage canMint={canMint} origin={origin} room={room} />)}`,
    )
  })
  .get(CLIENT_PATH, (c, next) => (isShown(c.env) ? asset(clientSource, 'text/javascript') : next()))
  .get(STYLE_PATH, (c, next) => (isShown(c.env) ? asset(styleSheet, 'text/css') : next()))
  .post('/_portico/dev/token', async (c, next) => {
    const { DEVELOPMENT_KEY } = c.env
    if (DEVELOPMENT_KEY === undefined) return next()
    return mintDevelopmentToken(await c.req.text(), DEVELOPMENT_KEY)
  })

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
