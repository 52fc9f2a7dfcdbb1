import { Hono } from 'hono'
import clientSource from '../../dist/demo-client.txt'
import { mintDevelopmentToken } from './dev-token.ts'
import { CLIENT_PATH, CONTENT_SECURITY_POLICY, DemoPage } from './page.tsx'

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
    return c.html(<DemoPage canMint={c.env.DEVELOPMENT_KEY !== undefined} />)
  })
  .get(CLIENT_PATH, (c, next) => {
    if (!isShown(c.env)) return next()
    return c.body(clientSource, 200, { 'content-type': 'text/javascript; charset=utf-8' })
  })
  .post('/_portico/dev/token', async (c, next) => {
    const { DEVELOPMENT_KEY } = c.env
    if (DEVELOPMENT_KEY === undefined) return next()
    return mintDevelopmentToken(await c.req.text(), DEVELOPMENT_KEY)
  })

function isShown({ DEVELOPMENT_KEY, DEMO }: DemoSettings): boolean {
  return DEVELOPMENT_KEY !== undefined || DEMO === 'true'
}
