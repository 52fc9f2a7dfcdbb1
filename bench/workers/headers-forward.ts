import { Hono } from 'hono'

/** What Plane's contract has a backend be told, as long as it is for the token of the benchmark. */
const TOLD = {
  'x-forwarded-proto': 'http',
  'x-forwarded-host': '127.0.0.1:8787',
  'x-verified-username': 'user-1',
  'x-verified-user-data': '{"role":"editor","document":"doc-1"}',
  'x-verified-backend': 'bench-1',
  'x-verified-secret': 's'.repeat(43),
  'x-verified-path': `/${'x'.repeat(72)}/hello`,
}

/** The same for whoever asked. */
const ANSWERED = {
  'x-plane-backend-id': 'bench-1',
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*, Authorization',
  'referrer-policy': 'no-referrer',
}

const app = new Hono<{ Bindings: { readonly ORIGIN: string } }>()

app.all('/:token/*', async (c) => {
  const { method, body, headers: received } = c.req.raw
  const path = c.req.path.slice(c.req.param('token').length + 1)
  const headers = new Headers(received)
  for (const name of headers.keys()) if (name.startsWith('x-verified-')) headers.delete(name)
  for (const [name, value] of Object.entries(TOLD)) headers.set(name, value)
  const init = { method, headers, body, redirect: 'manual', cache: 'no-store' } as const
  const response = await fetch(c.env.ORIGIN + path, init)
  const answer = new Response(response.body, response)
  for (const [name, value] of Object.entries(ANSWERED)) answer.headers.set(name, value)
  return answer
})

export default app
