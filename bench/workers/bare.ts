import { Hono } from 'hono'
import type { Env } from './room.ts'

export { Room } from './room.ts'

const app = new Hono<{ Bindings: Env }>()

app.all('/parties/:party/:room/*', (c) =>
  c.env.ROOM.getByName(c.req.param('room')).fetch(c.req.raw),
)

export default app
