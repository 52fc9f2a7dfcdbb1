import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { createPortico, type Portico, type SpawnRequest } from '../../src/server.ts'
import { CONNECT_KEY, READ_KEY } from '../support/connection-keys.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
let portico: Portico

beforeAll(async () => {
  const executable = { room: { party: 'main', room: 'notes' } }
  gate = await serveConnections({ jamsocketServices: { 'acme/notes': { executable } } })
  portico = client(CONNECT_KEY)
})
afterAll(() => gate.stop())

const servers = new Set<Server>()
afterEach(async () => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
    servers.delete(server)
  }
})

function client(key: string): Portico {
  return createPortico({ url: gate.url(''), key })
}

it('starts a backend of a service, which lets in whoever shows its token', async () => {
  const answer = await portico.spawn('acme/notes', { require_bearer_token: true })
  if (!answer.ok) throw new Error(answer.error.message)
  const { name, url, bearer_token, ready_url } = answer.value
  expect(answer.value).toEqual({
    name,
    url: gate.url(`/backends/${name}/`),
    ready_url,
    status: expect.stringMatching(/^(?:Loading|Starting|Ready)$/),
    status_url: expect.stringContaining(name),
    spawned: true,
    bearer_token: expect.stringMatching(/^s\./),
  })
  expect((await fetch(url)).status).toBe(401)
  const headers = { authorization: `Bearer ${bearer_token}` }
  expect((await fetch(url, { headers })).status).toBe(200)
  expect(await portico.status(name)).toMatchObject({ ok: true })
})

it('takes the backend that holds the lock', async () => {
  const first = await portico.spawn('acme/notes', { lock: 'doc-1' })
  const second = await portico.spawn('acme/notes', { lock: 'doc-1' })
  if (!first.ok || !second.ok) throw new Error('there is no backend')
  expect([first.value.spawned, second.value.spawned]).toEqual([true, false])
  expect(second.value.name).toBe(first.value.name)
  expect(first.value.bearer_token).toBeUndefined()
})

it('starts one without a request', async () => {
  expect(await portico.spawn('acme/notes')).toMatchObject({ ok: true, value: { spawned: true } })
})

it.for<[what: string, key: string, service: string, request: SpawnRequest, error: object]>([
  ['an unknown service', CONNECT_KEY, 'acme/nothing', {}, { kind: 'NotFound', status: 404 }],
  [
    'a wrong field',
    CONNECT_KEY,
    'acme/notes',
    { port: 0 },
    { kind: 'InvalidRequest', status: 422 },
  ],
  ['a key that may only read', READ_KEY, 'acme/notes', {}, { kind: 'Forbidden', status: 403 }],
  ['a wrong key', 'x'.repeat(32), 'acme/notes', {}, { kind: 'Unauthorized', status: 401 }],
])('gives %s as an error with its kind and the id of the log', async ([, key, ...call]) => {
  const [service, request, error] = call
  const answer = await client(key).spawn(service, request)
  const id = expect.stringMatching(/^[a-z0-9]{14}$/)
  expect(answer).toMatchObject({ ok: false, error: { ...error, id, message: expect.any(String) } })
  if (!answer.ok) await gate.worker.logged(`${answer.error.id} ${answer.error.kind}`)
})

/** What was asked of something that answers as told. */
async function askedOf(document: unknown, ask: (other: Portico) => Promise<unknown>) {
  const asked: string[] = []
  const server = createServer((request, response) => {
    asked.push(request.url ?? '')
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  })
  servers.add(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { asked, answer: await ask(createPortico({ url, key: CONNECT_KEY })) }
}

it.for(['acme', 'acme/', '/notes', 'acme/notes/staging', 'acme/../notes', 'a b/notes', 'acme/n?x'])(
  'asks nobody for a service that no path can name: %s',
  async (service) => {
    const { asked, answer } = await askedOf({}, (other) => other.spawn(service))
    expect(answer).toMatchObject({ ok: false, error: { kind: 'NotFound' } })
    expect(asked).toEqual([])
  },
)

it.for(['require_bearer_token', 'lock'])(
  'starts nothing where %s is undefined, which JSON leaves out',
  async (field) => {
    const request = { [field]: undefined } as unknown as SpawnRequest
    const { asked, answer } = await askedOf({}, (other) => other.spawn('acme/notes', request))
    expect(answer).toMatchObject({ ok: false, error: { kind: 'InvalidRequest' } })
    expect(asked).toEqual([])
  },
)

const SPAWNED = {
  ...{ name: 'b1', url: 'http://gate.example/backends/b1/', ready_url: '', spawned: true },
  ...{ status: 'Ready', status_url: 'http://gate.example/v1/backend/b1/status' },
}

it.for<[what: string, document: unknown, request: SpawnRequest]>([
  ['no answer of the API', { hello: 'world' }, {}],
  ['no token where one was asked for', SPAWNED, { require_bearer_token: true }],
])('says UnexpectedAnswer of %s', async ([, document, request]) => {
  const { answer } = await askedOf(document, (other) => other.spawn('acme/notes', request))
  expect(answer).toMatchObject({ ok: false, error: { kind: 'UnexpectedAnswer', status: 200 } })
  const { answer: open } = await askedOf(SPAWNED, (other) => other.spawn('acme/notes'))
  expect(open).toEqual({ ok: true, value: SPAWNED })
})
