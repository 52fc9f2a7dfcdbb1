import { request } from 'node:http'
import { once } from 'node:events'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { mintToken } from '../support/mint-token.ts'
import { rawRequest } from '../support/raw-request.ts'
import { openRaw } from '../support/raw-socket.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate()
})
afterAll(() => gate.stop())

function url(path: string): string {
  return gate.worker.origin + path
}

/** Sends a target that no URL parser has touched, and reads what the backend saw. */
async function seenAt(target: string): Promise<SeenWithBody> {
  const response = await rawRequest(gate.worker.port, [
    `GET ${target} HTTP/1.1`,
    'Host: gate.example',
  ])
  expect(response).toMatch(/^HTTP\/1\.1 200 /)
  return JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4)) as SeenWithBody
}

it.for(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'REPORT'])(
  'forwards a %s with its body and the length of it',
  async (method) => {
    const response = await fetch(url('/backends/api/x'), { method, body: 'hello' })
    const seen = (await response.json()) as SeenWithBody
    expect(seen).toMatchObject({ method, url: '/x', body: 'hello' })
    expect(seen.cgi).toMatchObject({ HTTP_CONTENT_LENGTH: '5' })
  },
)

it.for(['api', 'hook'])('forwards a GET with a body to the backend %s', async (backend) => {
  const lines = [
    `GET /backends/${backend}/x HTTP/1.1`,
    'Host: gate.example',
    'Content-Length: 5',
    'Connection: close',
  ]
  const socket = openRaw(gate.worker.port, lines, 'hello')
  let response = ''
  for await (const chunk of socket) response += String(chunk)
  expect(response).toContain('"body":"hello"')
})

it('forwards a body of unknown length in chunks', async () => {
  const body = new Blob(['hel', 'lo']).stream()
  const init: RequestInit = { method: 'POST', body, duplex: 'half' } as RequestInit
  const response = await fetch(url('/backends/api/x'), init)
  const seen = (await response.json()) as SeenWithBody
  expect(seen.body).toBe('hello')
  expect(seen.cgi).toMatchObject({ HTTP_TRANSFER_ENCODING: 'chunked' })
  expect(seen.cgi).not.toHaveProperty('HTTP_CONTENT_LENGTH')
})

it.for([
  ['/a%2Fb//c;x=1?q=%20&&z', '/a%2Fb//c;x=1?q=%20&&z'],
  ['/', '/'],
  ['', '/'],
  ['?x', '/?x'],
  ['/?', '/?'],
  ['/%E4%B8%AD/%7E~', '/%E4%B8%AD/%7E~'],
  ["/!$&'()*+,=:@", "/!$&'()*+,=:@"],
  ['/x?a=b?c/../d&e[]=%5B', '/x?a=b?c/../d&e[]=%5B'],
] as const)('forwards what follows the name in "%s" byte for byte', async ([rest, expected]) => {
  expect((await seenAt(`/backends/api${rest}`)).url).toBe(expected)
})

it('takes the token out of the query and leaves every other byte', async () => {
  const token = await mintToken()
  const target = `/backends/api/a%2Fb//c;x=1?q=%20&&token=${token}&z`
  expect((await seenAt(target)).url).toBe('/a%2Fb//c;x=1?q=%20&&z')
})

it("keeps the whole path for a backend with path: 'keep'", async () => {
  const seen = await seenAt('/backends/kept/a%2Fb//c?q')
  expect(seen.url).toBe('/backends/kept/a%2Fb//c?q')
  expect(seen.cgi).not.toHaveProperty('HTTP_X_FORWARDED_PREFIX')
})

it.for([
  '//elsewhere.example/x',
  '/@elsewhere.example',
  '/:80@elsewhere.example',
  '///elsewhere.example',
  '/http://elsewhere.example/',
])('stays at the backend for the path %s', async (rest) => {
  const seen = await seenAt(`/backends/api${rest}`)
  expect(seen.url).toBe(rest)
  expect(seen.cgi['HTTP_HOST']).toBe(`127.0.0.1:${gate.backend.port}`)
})

it.for([
  ['/backends/api/\\\\elsewhere.example', 400],
  ['/backends/api/%5c%5celsewhere.example', 400],
  ['/backends/api\\@elsewhere.example', 400],
  ['/backends/api/..//elsewhere.example', 400],
  ['/backends/api/%2e%2e/x', 400],
  ['/backends/api@elsewhere.example/', 401],
  ['/backends/api:80@elsewhere.example/', 401],
  ['/backends/api%2Fx', 401],
  ['//backends/api/x', 404],
  ['//elsewhere.example/backends/api/x', 404],
  ['@elsewhere.example', 404],
] as const)('refuses %s with %i', async ([target, status]) => {
  const lines = [`GET ${target} HTTP/1.1`, 'Host: gate.example']
  expect(await rawRequest(gate.worker.port, lines)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
})

it.for([301, 302, 303, 307, 308])('hands a redirect with %i to the client', async (status) => {
  const location = 'http://elsewhere.example/?a=b//c'
  const query = `status=${status}&location=${encodeURIComponent(location)}`
  const path = `/backends/required/status?${query}`
  const headers = { authorization: `Bearer ${await mintToken()}` }
  const response = await fetch(url(path), { redirect: 'manual', headers })
  expect(response.status).toBe(status)
  expect(response.headers.get('location')).toBe(location)
})

it.for([200, 201, 204, 205, 304, 404, 418, 500, 503])(
  'hands the status %i with its headers to the client',
  async (status) => {
    const response = await fetch(url(`/backends/api/status?status=${status}`))
    expect(response.status).toBe(status)
    expect(response.headers.get('etag')).toBe('"v1"')
    expect(await response.text()).toBe('')
  },
)

it('answers HEAD with the headers of the GET and no body', async () => {
  const path = '/backends/api/download?bytes=12345&length'
  const response = await fetch(url(path), { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-length')).toBe('12345')
  expect(await response.text()).toBe('')
})

it('forwards Range and hands the 206 to the client', async () => {
  const response = await fetch(url('/backends/api/range'), { headers: { range: 'bytes=2-4' } })
  expect(response.status).toBe(206)
  expect(response.headers.get('content-range')).toBe('bytes 2-4/26')
  expect(await response.text()).toBe('cde')
})

it.for([{ 'accept-encoding': 'gzip' }, {}])(
  'leaves a compressed body as it is for a client that sends %o',
  async (headers) => {
    const sent = request(url('/backends/api/gzip'), { headers }).end()
    const [response] = (await once(sent, 'response')) as [
      AsyncIterable<Buffer> & { headers: object },
    ]
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    const body = Buffer.concat(chunks)
    expect(response.headers).toMatchObject({
      'content-encoding': 'gzip',
      'content-length': String(body.length),
    })
    expect(gunzipSync(body).toString()).toBe('compressed by the backend')
  },
)

it('hands each event of a stream on before the next is sent', async () => {
  const response = await fetch(url('/backends/api/events'))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const received: string[] = []
  const body = response.body?.pipeThrough(new TextDecoderStream())
  // The backend sends an event only when it is told to, so an event that waited would never come.
  gate.backend.say('event 1')
  for await (const event of body ?? []) {
    received.push(event)
    gate.backend.say(`event ${received.length + 1}`)
  }
  expect(received).toEqual(['id: 1\n\n', 'id: 2\n\n', 'id: 3\n\n'])
})

it('reaches another Worker by its service binding', async () => {
  const response = await fetch(url('/backends/service/a%2Fb?x'), { method: 'POST', body: 'hello' })
  const seen = (await response.json()) as { method: string; url: string; body: string }
  expect(seen).toMatchObject({ method: 'POST', url: url('/a%2Fb?x'), body: 'hello' })
})

it('hands a redirect of a service binding to the client', async () => {
  const response = await fetch(url('/backends/service/redirect'), { redirect: 'manual' })
  expect(response.status).toBe(302)
  expect(response.headers.get('location')).toBe('https://elsewhere.example/')
})
