import { Hono } from 'hono'
import { createDemo, type DemoSettings } from './demo/demo.tsx'
import { checkDevelopmentKeys, developmentIssuer } from './demo/development.ts'
import { createGate, nothingHere } from './gate/create-gate.ts'
import { problemResponse } from './refusal/response.ts'
import { gateOptionsFrom } from './settings/gate-options.ts'
import { readSettings } from './settings/settings.ts'

export { ChatRoom } from './demo/chat-room.ts'
export { Backend, BackendIndex, BackendKey, Subject } from './objects.ts'

type Env = Cloudflare.Env & DemoSettings

const gate = createGate((env: Env) => {
  const settings = readSettings(env)
  const { DEVELOPMENT_KEY, DEMO } = settings
  const development = DEVELOPMENT_KEY === undefined ? undefined : developmentIssuer(DEVELOPMENT_KEY)
  const hasDemo = development !== undefined || DEMO === 'true'
  return gateOptionsFrom<Env>(
    settings,
    development,
    hasDemo ? { main: { binding: env.CHAT_ROOM } } : {},
  )
})

/** The deployable Worker: the gate, configured by settings, with the demo where it is wanted. */
export default new Hono<{ Bindings: Env }>()
  .use(async (c, next) => {
    const allowed = checkDevelopmentKeys(c.env, c.req.url)
    return allowed.ok ? next() : problemResponse(allowed.refusal)
  })
  // First, since on the host of a backend nothing else is to be found.
  .route('/', gate)
  .route('/', createDemo(gate))
  // Mounting a gate leaves its own answer to unknown paths behind.
  .notFound(() => problemResponse(nothingHere))
