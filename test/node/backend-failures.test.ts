import { once } from 'node:events'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openRaw, WEBSOCKET_HANDSHAKE } from '../support/raw-socket.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate()
})
afterAll(() => gate.stop())

const UNAVAILABLE = {
  status: 502,
  title: 'Bad Gateway',
  code: 'backend_unavailable',
  detail: 'the backend cannot be reached right now',
}

it.for(['/backends/api/reset', '/backends/service/throw'])(
  'answers with a 502 problem when %s fails before its headers',
  async (path) => {
    const response = await fetch(gate.worker.origin + path)
    expect(response.status).toBe(502)
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toEqual(UNAVAILABLE)
    expect(gate.worker.logs()).not.toContain('a secret of the service')
  },
)

it.for(['chunked', 'length'])(
  'breaks the response off when the backend resets in the middle of it (%s)',
  async (framing) => {
    const response = await fetch(`${gate.worker.origin}/backends/api/reset?head&${framing}`)
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow('terminated')
  },
)

it('hands a late answer on whole', async () => {
  const answered = fetch(`${gate.worker.origin}/backends/api/late`)
  await gate.backend.told('waiting')
  gate.backend.say('answer')
  expect(await (await answered).text()).toBe('late but whole')
})

it('hands a refused upgrade on as the response that it is', async () => {
  const lines = ['GET /backends/api/status HTTP/1.1', ...WEBSOCKET_HANDSHAKE]
  const client = openRaw(gate.worker.port, lines)
  const [response] = (await once(client, 'data')) as [Buffer]
  expect(response.toString()).toMatch(/^HTTP\/1\.1 409 Conflict\r\n/)
  client.resetAndDestroy()
})

// A client that goes away resets its connection: its end alone may mean that it only listens now.
it.for([
  ['before the headers', 'GET', ''],
  ['before the headers', 'POST', ''],
  ['before the body', 'GET', '?head'],
  ['in the middle of the body', 'GET', '?head&body'],
] as const)('tells the backend when the client goes away %s (%s)', async ([, method, query]) => {
  for (const backend of ['api', 'hook']) {
    const lines = [`${method} /backends/${backend}/hang${query} HTTP/1.1`, 'Host: gate.example']
    if (method === 'POST') lines.push('Content-Length: 5')
    const client = openRaw(gate.worker.port, lines, method === 'POST' ? 'hello' : '')
    await gate.backend.told('hanging')
    if (query !== '') await once(client, 'data')
    client.resetAndDestroy()
    await gate.backend.told('gone')
  }
})

it.for(['Content-Length: 100', 'Transfer-Encoding: chunked'])(
  'tells the backend when the client goes away in the middle of an upload with %s',
  async (framing) => {
    const lines = ['POST /backends/api/receive HTTP/1.1', 'Host: gate.example', framing]
    const client = openRaw(gate.worker.port, lines, '5\r\nhello\r\n')
    await gate.backend.told('receiving')
    client.resetAndDestroy()
    await gate.backend.told('broken off')
  },
)

// Last, for it takes the backend down.
it('answers with a 502 problem when the backend is down', async () => {
  await gate.backend.stop()
  for (const init of [{}, { method: 'POST', body: 'hello' }]) {
    const response = await fetch(`${gate.worker.origin}/backends/api/x`, init)
    expect(response.status).toBe(502)
    expect(await response.json()).toEqual(UNAVAILABLE)
  }
})
