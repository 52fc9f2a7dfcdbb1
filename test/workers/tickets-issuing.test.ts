import { expect, it } from 'vitest'
import { createGate, type GateOptions, type TicketOptions } from '../../src/portico.ts'
import { codeOf } from '../fixtures/counted-gate.ts'
import { ticketGate, TICKET_KEY, UPGRADE, type Issued } from '../fixtures/ticket-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const ROOM = { party: 'main', room: 'x' }
const APP = 'https://app.example.com'

it('is answered with the ticket, the socket’s URL and the end, and never stored', async () => {
  const before = Math.floor(Date.now() / 1000)
  const response = await ticketGate().order(ROOM)
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  const { ticket, url, expires_at, ...others } = await response.json<Issued>()
  expect(others).toEqual({})
  expect(ticket).toMatch(/^[\w-]{92}$/)
  expect(url).toBe(`wss://gate.example/parties/main/x?ticket=${ticket}`)
  const lifetime = Date.parse(expires_at) / 1000 - before
  expect([15, 16]).toContain(lifetime)
  expect(expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
})

it.for<[asked: object, path: string, options: GateOptions<Cloudflare.Env>]>([
  [{ party: 'main', room: 'a/b c%2F?' }, '/parties/main/a%2Fb%20c%252F%3F', {}],
  [ROOM, '/rooms/v1/main/x', { prefix: '/rooms/v1/' }],
  [{ backend: 'näme' }, '/backends/n%C3%A4me', { backends: { näme: { origin: 'http://a' } } }],
])('gives %o the URL that leads there: %s', async ([asked, path, options]) => {
  const { issue } = ticketGate({}, options)
  const { url, ticket } = await issue(asked)
  expect(url).toBe(`wss://gate.example${path}?ticket=${ticket}`)
})

it('opens a room under a name that needs encoding', async () => {
  const { issue, send } = ticketGate()
  const { url } = await issue({ party: 'main', room: 'a/b c%2F?ü' })
  const response = await send(url.slice('wss://gate.example'.length), { headers: UPGRADE })
  expect(response.status).toBe(101)
})

it('never gives a ticket that outlives the token', async () => {
  const exp = Math.floor(Date.now() / 1000) + 5
  const { order } = ticketGate()
  const authorization = `Bearer ${await mintToken({ exp })}`
  const { expires_at } = await (await order(ROOM, { authorization })).json<Issued>()
  expect(Date.parse(expires_at)).toBe(exp * 1000)
})

it('gives none for a token that only the clock skew keeps alive', async () => {
  const exp = Math.floor(Date.now() / 1000) - 1
  const { order, calls } = ticketGate()
  const response = await order(ROOM, { authorization: `Bearer ${await mintToken({ exp })}` })
  expect([response.status, await codeOf(response)]).toEqual([401, 'token_expired'])
  expect(calls().subjects).toBe(0)
})

it.for<[what: string, headers: Readonly<Record<string, string>>, code: string]>([
  ['an empty header', { authorization: '' }, 'token_malformed'],
  ['a forged token', { authorization: 'Bearer a.b.c' }, 'token_invalid'],
  ['a ticket', { authorization: `Bearer AQ${'A'.repeat(90)}` }, 'token_malformed'],
])('refuses %s before it looks at what is asked for', async ([, headers, code]) => {
  const { order, calls } = ticketGate()
  const response = await order('{', headers)
  expect([response.status, await codeOf(response)]).toEqual([401, code])
  expect(calls().subjects).toBe(0)
})

it('looks for the token in the Authorization header and nowhere else', async () => {
  const { send, calls } = ticketGate()
  const token = await mintToken()
  const response = await send(`/_portico/tickets?token=${token}`, {
    method: 'POST',
    headers: {
      cookie: `__session=${token}`,
      'sec-websocket-protocol': `portico.bearer.${token}, chat`,
      'content-type': 'application/json',
    },
    body: JSON.stringify(ROOM),
  })
  expect([response.status, await codeOf(response)]).toEqual([401, 'credential_missing'])
  expect(calls().subjects).toBe(0)
})

it.for<[named: string, body: unknown]>([
  ['the body: ', '{'],
  ['the body: ', '[]'],
  ['the body: ', 'null'],
  ['the body: ', ' '.repeat(8192) + JSON.stringify(ROOM)],
  ['the body: ', {}],
  ['the body: ', { party: 'main' }],
  ['the body: ', { room: 'x' }],
  ['the body: ', { ...ROOM, backend: 'x' }],
  ['the body: ', { ...ROOM, ttl_seconds: 9 }],
  ['party: ', { party: 1, room: 'x' }],
  ['room: ', { party: 'main', room: '' }],
  ['room: ', '{"party":"main","room":"\\ud800"}'],
  ['backend: ', { backend: null }],
  ['the path ', { party: 'main', room: '..' }],
  ['the path ', { party: 'main', room: 'a\\b' }],
  ['the room name ', { party: 'main', room: 'x'.repeat(513) }],
])('says what is wrong with an order: %s%o', async ([named, body]) => {
  const { order, calls } = ticketGate()
  const response = await order(body)
  expect(response.status).toBe(400)
  const { code, detail } = await response.json<{ code: string; detail: string }>()
  expect(code).toBe('request_malformed')
  expect(detail.startsWith(named)).toBe(true)
  expect(calls().subjects).toBe(0)
})

it('takes JSON only, for which a page of another origin has to ask first', async () => {
  const { order } = ticketGate()
  const response = await order(ROOM, { 'content-type': 'text/plain' })
  expect([response.status, await codeOf(response)]).toEqual([400, 'request_malformed'])
})

it.for([{ party: 'nowhere', room: 'x' }, { backend: 'nowhere' }])(
  'gives none for a place that does not exist: %o',
  async (asked) => {
    const { order, calls } = ticketGate()
    const response = await order(asked)
    expect([response.status, await codeOf(response)]).toEqual([404, 'route_unknown'])
    expect(calls().subjects).toBe(0)
  },
)

it('gives none for a place where the hook alone decides', async () => {
  const backends = {
    open: { origin: 'http://a', auth: 'hook', onBeforeConnect: (request: Request) => request },
  } as const
  const { order, calls } = ticketGate({}, { backends })
  const response = await order({ backend: 'open' })
  expect([response.status, await codeOf(response)]).toEqual([403, 'hook_refused'])
  expect(calls().subjects).toBe(0)
})

it('gives none for a place that the caller may not connect to, or that does not exist', async () => {
  const permissions = { everyone: { 'main:a*': ['connect'], 'main:*': ['read'] } } as const
  const { order, calls } = ticketGate({}, { permissions })
  expect((await order({ party: 'main', room: 'abc' })).status).toBe(200)
  expect(calls()).toEqual({ rooms: 0, subjects: 1 })
  for (const asked of [ROOM, { party: 'nowhere', room: 'x' }]) {
    const response = await order(asked)
    expect([response.status, await codeOf(response)]).toEqual([403, 'forbidden'])
  }
  expect(calls()).toEqual({ rooms: 0, subjects: 0 })
})

it('gives a caller no more than 100 that are not used yet', async () => {
  const alice = { authorization: `Bearer ${await mintToken({ sub: crypto.randomUUID() })}` }
  const { order, issue, send } = ticketGate({ ttlSeconds: 60 })
  const first = await issue(ROOM, alice)
  await Promise.all(Array.from({ length: 99 }, () => issue(ROOM, alice)))
  const refused = await order(ROOM, alice)
  expect([refused.status, await codeOf(refused)]).toEqual([429, 'rate_limited'])
  expect(refused.headers.get('retry-after')).toBe('5')
  // Another caller has nothing to do with it, and one that is used leaves room for another.
  expect((await order(ROOM)).status).toBe(200)
  const { status } = await send(`/parties/main/x?ticket=${first.ticket}`, { headers: UPGRADE })
  expect(status).toBe(101)
  expect((await order(ROOM, alice)).status).toBe(200)
})

it('answers pages of allowed origins as all else does', async () => {
  const { send, order } = ticketGate({}, { cors: { origins: [APP] } })
  const preflight = await send('/_portico/tickets', {
    method: 'OPTIONS',
    headers: { origin: APP, 'access-control-request-method': 'POST' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers.get('access-control-allow-origin')).toBe(APP)
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization')
  for (const [headers, status] of [
    [{ origin: APP }, 200],
    [{ origin: APP, authorization: 'Bearer x' }, 401],
  ] as const) {
    const response = await order(ROOM, headers)
    expect(response.status).toBe(status)
    expect(response.headers.get('access-control-allow-origin')).toBe(APP)
  }
})

it.for<[named: string, tickets: Partial<Record<keyof TicketOptions, unknown>>]>([
  ['tickets.key', { key: '' }],
  ['tickets.key', { key: [] }],
  ['tickets.key', { key: undefined }],
  ['tickets.key[0]', { key: TICKET_KEY.slice(0, 31) }],
  ['tickets.key[1]', { key: [TICKET_KEY, TICKET_KEY.slice(0, 31)] }],
  ['tickets.ttlSeconds', { ttlSeconds: 0 }],
  ['tickets.ttlSeconds', { ttlSeconds: 61 }],
  ['tickets.ttlSeconds', { ttlSeconds: 1.5 }],
])('refuses to start with a wrong %s: %o', ([named, tickets]) => {
  expect(() => ticketGate(tickets as Partial<TicketOptions<Cloudflare.Env>>)).toThrow(
    new RegExp(`^${named.replace(/[[\].]/g, '\\$&')}: (?!.*a-ticket-key)`),
  )
})

it('refuses every request where the binding is none, or another carrier has the name', async () => {
  const { send } = ticketGate({ subjects: 'NOTHING' as never })
  const response = await send('/_portico/health')
  const { detail } = await response.json<{ detail: string }>()
  expect(detail).toBe('tickets.subjects: "NOTHING" is not a Durable Object namespace')
  expect(() => ticketGate({}, { carriers: { query: 'ticket' } })).toThrow(/^carriers\.query: /)
  expect(() => createGate({ tickets: { subjects: 'SUBJECT', key: TICKET_KEY } })).toThrow(
    /^tickets: /,
  )
})
