import { Hono } from 'hono'

const app = new Hono<{ Bindings: { readonly ORIGIN: string } }>()

app.all('/:token/*', (c) => {
  const path = c.req.path.slice(c.req.param('token').length + 1)
  return fetch(c.env.ORIGIN + path, c.req.raw)
})

export default app
