import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { ConfigurationError, createPortico, type Portico } from '../../src/server.ts'

const KEY = 'a-control-key-that-nobody-may-ever-see'

type Respond = (response: ServerResponse, request: IncomingMessage) => void

const servers = new Set<Server>()
afterEach(async () => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
    servers.delete(server)
  }
})

/** Something where the gate should be. */
async function startServer(respond: Respond) {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization ?? 'no key'}`)
    respond(response, request)
  })
  servers.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, server }
}

async function clientOf(respond: Respond, timeoutMs = 30_000) {
  const { url, requests } = await startServer(respond)
  return { portico: createPortico({ url, key: KEY, timeoutMs }), requests }
}

/** The URL of a port on which nobody listens any more. */
async function freeUrl(): Promise<string> {
  const { url, server } = await startServer(() => undefined)
  servers.delete(server)
  server.close()
  await once(server, 'close')
  return url
}

async function itemsOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

const json = (status: number, document: unknown, headers: Record<string, string> = {}): Respond => {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers })
    response.end(JSON.stringify(document))
  }
}

const storeUnavailable = { id: 'abcdefghijklmn', kind: 'StoreUnavailable', message: 'Later.' }

const calls: readonly [name: string, call: (portico: Portico) => Promise<unknown>][] = [
  ['connect', (portico) => portico.connect({})],
  ['spawn', (portico) => portico.spawn('acme/notes')],
  ['terminate', (portico) => portico.terminate('b1')],
  ['revoke', (portico) => portico.revoke({ backend_id: 'b1' })],
  ['status', (portico) => portico.status('b1')],
  ['tokens', async (portico) => (await itemsOf(portico.tokens('b1'))).at(-1)],
  ['backends', async (portico) => (await itemsOf(portico.backends())).at(-1)],
]

it.for(calls)('says Unreachable of %s where there is no gate', async ([, call]) => {
  const portico = createPortico({ url: await freeUrl(), key: KEY })
  const message = 'The gate cannot be reached (ECONNREFUSED).'
  expect(await call(portico)).toEqual({ ok: false, error: { kind: 'Unreachable', message } })
})

it.for(calls)('says Timeout of %s where the gate never answers', async ([, call]) => {
  const { portico } = await clientOf(() => undefined, 50)
  expect(await call(portico)).toMatchObject({ ok: false, error: { kind: 'Timeout' } })
})

it.for<[name: string, answer: () => Promise<Response>]>([
  ['never comes', never],
  ['never ends', async () => new Response(new ReadableStream({ pull: never }))],
])('keeps to its time where an answer %s, and hangs up', async ([, answer]) => {
  const signals: AbortSignal[] = []
  const fetch = (_: string, { signal }: { readonly signal: AbortSignal }) => {
    signals.push(signal)
    return answer()
  }
  const portico = createPortico({ url: 'http://gate.example', key: KEY, fetch, timeoutMs: 1 })
  expect(await portico.connect({})).toMatchObject({ ok: false, error: { kind: 'Timeout' } })
  expect(signals).toMatchObject([{ aborted: true }])
})

function never(): Promise<never> {
  return new Promise(() => {})
}

it.for<[name: string, status: number, body: string]>([
  ['a page', 200, '<!doctype html>'],
  ['nothing', 200, ''],
  ['another document', 200, '{"status":"ok"}'],
  ['an error page', 502, '<h1>Bad gateway</h1>'],
  ['a problem of the gate', 404, '{"code":"route_unknown","status":404}'],
  ['a kind that there is not', 500, '{"id":"x","kind":"toString","message":"m"}'],
])('says UnexpectedAnswer where %s comes with the status %s', async ([, status, body]) => {
  const { portico } = await clientOf((response) => response.writeHead(status).end(body))
  const error = { kind: 'UnexpectedAnswer', status }
  for (const [, call] of calls) expect(await call(portico)).toMatchObject({ ok: false, error })
})

it.for<[name: string, page: object]>([
  ['holds something else', { backends: [{ id: 'b1' }] }],
  ['leads back to itself', { backends: [], next: 'x' }],
  ['goes on at no text', { backends: [], next: 1 }],
])('says UnexpectedAnswer where a list %s', async ([, page]) => {
  const { portico } = await clientOf(json(200, page))
  const items = await itemsOf(portico.backends())
  expect(items).toMatchObject([{ ok: false, error: { kind: 'UnexpectedAnswer', status: 200 } }])
})

it('follows no redirect, which would take the key along', async () => {
  const other = await startServer(json(200, null))
  for (const status of [301, 302, 303, 307, 308]) {
    const location = `${other.url}/ctrl/b/b1/soft-terminate`
    const { portico } = await clientOf(json(status, null, { location }))
    const error = { kind: 'UnexpectedAnswer', status }
    for (const [, call] of calls) expect(await call(portico)).toMatchObject({ ok: false, error })
  }
  expect(other.requests).toEqual([])
})

it.for(calls)('asks with the key only where one is needed: %s', async ([name, call]) => {
  const { portico, requests } = await clientOf(json(403, {}))
  await call(portico)
  expect(requests).toEqual([
    expect.stringMatching(
      name === 'status' ? /\/pub\/b\/b1\/status no key$/ : / \/(?:ctrl|v1)\/.* Bearer /,
    ),
  ])
})

it.for<[name: string, times: number]>([
  ['connect', 1],
  ['spawn', 1],
  ['terminate', 1],
  ['revoke', 1],
  ['status', 3],
  ['tokens', 3],
  ['backends', 3],
])('asks a gate that is busy for %s %s times', async ([name, times]) => {
  const busy = json(503, storeUnavailable, { 'retry-after': '0' })
  const { portico, requests } = await clientOf(busy)
  const [, call] = calls.find(([other]) => other === name) ?? []
  const error = { ...storeUnavailable, status: 503, retryAfterSeconds: 0 }
  expect(await call?.(portico)).toEqual({ ok: false, error })
  expect(requests).toHaveLength(times)
})

it('reads an error in Jamsocket’s envelope as the same error', async () => {
  const { id, kind, message } = storeUnavailable
  const envelope = { error: { id, code: kind, message, status: 503 } }
  const { portico } = await clientOf(json(503, envelope))
  const error = { ...storeUnavailable, status: 503 }
  expect(await portico.spawn('acme/notes')).toEqual({ ok: false, error })
})

it.for<[name: string, status: number, headers: Record<string, string>]>([
  ['does not say when', 503, {}],
  ['says much later', 503, { 'retry-after': '3600' }],
  ['says a date', 503, { 'retry-after': 'Wed, 21 Oct 2099 07:28:00 GMT' }],
  ['failed', 500, { 'retry-after': '0' }],
])('does not ask again where the gate %s', async ([, status, headers]) => {
  const { portico, requests } = await clientOf(json(status, storeUnavailable, headers))
  expect(await portico.status('b1')).toMatchObject({ ok: false, error: { status } })
  expect(requests).toHaveLength(1)
})

it('gives what the gate says when it is no longer busy', async () => {
  const ready = { status: 'ready', time: 1 }
  let isBusy = true
  const { portico } = await clientOf((response, request) => {
    const respond = isBusy ? json(503, {}, { 'retry-after': '0' }) : json(200, ready)
    isBusy = false
    respond(response, request)
  })
  expect(await portico.status('b1')).toEqual({ ok: true, value: ready })
})

it.for(['', '.', '..', 'a/b', 'a?b', 'a#b', '%2e%2e', 'UPPER', 'a'.repeat(46)])(
  'asks nothing about the backend %o, which cannot be',
  async (backendId) => {
    const { portico, requests } = await clientOf(json(200, null))
    const answers = [
      await portico.terminate(backendId),
      await portico.status(backendId),
      ...(await itemsOf(portico.tokens(backendId))),
      ...(await itemsOf(portico.statusStream(backendId))),
    ]
    const error = { kind: 'NotFound', message: 'Backend does not exist' }
    expect(answers).toEqual(Array.from({ length: 4 }, () => ({ ok: false, error })))
    expect(requests).toEqual([])
  },
)

it('asks nothing that JSON cannot carry', async () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  const { portico, requests } = await clientOf(json(200, null))
  for (const auth of [{ id: 1n }, circle, { at: -Infinity }]) {
    const answer = await portico.connect({ auth })
    expect(answer).toMatchObject({ ok: false, error: { kind: 'InvalidRequest' } })
  }
  expect(requests).toEqual([])
})

it('tells nobody its key, whatever fails', async () => {
  const told: unknown[] = []
  for (const fail of [
    (init: object) => Promise.reject(new Error(JSON.stringify(init))),
    (init: object) => Promise.reject(new Error('x', { cause: { code: JSON.stringify(init) } })),
    (init: object) => Promise.resolve(new Response(JSON.stringify(init), { status: 418 })),
  ]) {
    const fetch = (_: string, init: object) => fail(init)
    const portico = createPortico({ url: 'http://gate.example', key: KEY, fetch })
    told.push(portico)
    for (const [, call] of calls) told.push(await call(portico))
  }
  expect(told).toHaveLength(3 * (1 + calls.length))
  expect(inspect(told, { depth: null, showHidden: true })).not.toContain(KEY)
})

it('calls the fetch that it was given on nothing, as that of Workers demands', async () => {
  const receivers: unknown[] = []
  const portico = createPortico({
    url: 'http://gate.example',
    key: KEY,
    fetch(this: unknown) {
      receivers.push(this)
      return Response.json({ status: 'ready', time: 1 })
    },
  })
  expect(await portico.status('b1')).toMatchObject({ ok: true })
  expect(receivers).toEqual([undefined])
})

it.for<[option: string, options: object]>([
  ['key', { key: undefined }],
  ['key', { key: 'too-short' }],
  ['key', { key: `${KEY}\n` }],
  ['key', { key: `${KEY},${KEY}` }],
  ['url', { url: undefined }],
  ['url', { url: 'gate.example' }],
  ['url', { url: 'ftp://gate.example' }],
  ['url', { url: `https://user:${KEY}@gate.example` }],
  ['url', { url: `https://gate.example?key=${KEY}` }],
  ['timeoutMs', { timeoutMs: 0 }],
  ['timeoutMs', { timeoutMs: NaN }],
  ['timeoutMs', { timeoutMs: Infinity }],
])('refuses a wrong %s without telling it: %o', ([option, options]) => {
  const create = () => createPortico({ url: 'https://gate.example', key: KEY, ...options })
  expect(create).toThrow(ConfigurationError)
  expect(create).toThrow(new RegExp(`^${option}: expected (?!.*${KEY})`))
})
