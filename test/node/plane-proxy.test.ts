import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
let deadOrigin: string
beforeAll(async () => {
  deadOrigin = await originOfNobody()
  gate = await serveConnections({}, [deadOrigin])
})
afterAll(() => gate.stop())

/** A port that was free a moment ago. */
async function originOfNobody(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return `http://127.0.0.1:${port}`
}

async function seenAt(path: string, init?: RequestInit): Promise<SeenWithBody> {
  const response = await fetch(gate.url(path), init)
  expect(response.status).toBe(200)
  return (await response.json()) as SeenWithBody
}

async function statusAt(host: string, path: string): Promise<number> {
  const response = await rawRequest(gate.worker.port, [`GET ${path} HTTP/1.1`, `Host: ${host}`])
  return Number(response.split(' ')[1])
}

const UNKNOWN = '/a-token-that-nobody-has-ever-made/x'
const OPEN_TO_PAGES = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*, Authorization',
}

it('proxy_root_no_redirect: has nothing at the root, where nothing says where it leads', async () => {
  const before = await gate.reached()
  const response = await fetch(gate.url('/'), { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([404, null])
  expect(await gate.reached()).toBe(before)
})

it('proxy_root_redirect: leads from the root to where the configuration says', async () => {
  const rootRedirectUrl = 'https://app.example/start'
  const other = await serveConnections({ rootRedirectUrl })
  const response = await fetch(other.url('/'), { redirect: 'manual' })
  await other.stop()
  expect([response.status, response.headers.get('location')]).toEqual([301, rootRedirectUrl])
})

it('proxy_bad_bearer_token: answers an unknown token with 410, and asks nobody about it', async () => {
  const before = await gate.reached()
  const response = await fetch(gate.url(UNKNOWN))
  expect(response.status).toBe(410)
  expect(await response.json()).toMatchObject({ code: 'backend_gone' })
  expect(await gate.reached()).toBe(before)
})

it('proxy_backend_unreachable: answers 502 where nobody listens at the address', async () => {
  const { token, backend_id } = await gate.connect({}, { executable: { origin: deadOrigin } })
  const response = await fetch(gate.url(`/${token}/`))
  expect(response.status).toBe(502)
  expect(response.headers.get('x-plane-backend-id')).toBe(backend_id)
  expect(await response.json()).toMatchObject({ code: 'backend_unavailable' })
})

it('proxy_backend_accepts: forwards /token/ as GET /', async () => {
  const { token } = await gate.connect()
  expect(await seenAt(`/${token}/`)).toMatchObject({ method: 'GET', url: '/' })
})

it('proxy_static_token: forwards /s.token/foobar with the whole path', async () => {
  const { token } = await gate.connect({}, { use_static_token: true })
  expect(token).toMatch(/^s\.[\w-]{72}$/)
  const { url, cgi } = await seenAt(`/${token}/foobar`)
  expect(url).toBe(`/${token}/foobar`)
  expect(cgi).toMatchObject({
    HTTP_X_VERIFIED_SECRET: '',
    HTTP_X_VERIFIED_PATH: `/${token}/foobar`,
  })
  expect(cgi).not.toHaveProperty('HTTP_X_VERIFIED_USERNAME')
  expect(cgi).not.toHaveProperty('HTTP_X_VERIFIED_USER_DATA')
})

it('proxy_expected_subdomain_not_present: answers the bare host with 403', async () => {
  const { token } = await gate.connect({}, { cluster: 'gate.example', subdomain: 'sub' })
  expect(await statusAt('gate.example', `/${token}/`)).toBe(403)
})

it('proxy_expected_subdomain_is_present: answers the right host with 200', async () => {
  const { token } = await gate.connect({}, { cluster: 'gate.example', subdomain: 'sub' })
  expect(await statusAt('sub.gate.example', `/${token}/`)).toBe(200)
})

it.for<[cluster: string, subdomain: string | undefined, host: string, status: number]>([
  ['gate.example', undefined, 'gate.example', 200],
  ['gate.example', undefined, 'gate.example:443', 200],
  ['gate.example', undefined, 'any.gate.example', 200],
  ['gate.example', undefined, 'foobargate.example', 403],
  ['gate.example', undefined, 'other.example', 403],
  ['gate.example', undefined, 'gate.example:8080', 403],
  ['gate.example', undefined, 'gate.example.evil.example', 403],
  ['gate.example:443', undefined, 'gate.example', 200],
  ['gate.example:8080', undefined, 'gate.example:8080', 200],
  ['gate.example:8080', undefined, 'gate.example', 403],
  ['gate.example:8080', undefined, 'gate.example:8081', 403],
  ['gate.example', 'sub', 'sub.gate.example:443', 200],
  ['gate.example', 'sub', 'other.gate.example', 403],
  ['gate.example', 'sub', 'a.sub.gate.example', 403],
  ['gate.example:8080', 'sub', 'sub.gate.example:8080', 200],
])(
  'compares the cluster %s and the subdomain %s with the host %s: %i',
  async ([cluster, subdomain, host, status]) => {
    const { token } = await gate.connect({}, { cluster, subdomain })
    expect(await statusAt(host, `/${token}/`)).toBe(status)
  },
)

it('proxy_backend_passes_forwarded_headers: tells the caller’s address and scheme', async () => {
  const { token } = await gate.connect()
  const { cgi } = await seenAt(`/${token}/`, {
    // What the platform in front of the Worker sets, and a client's lie.
    headers: { 'cf-connecting-ip': '192.0.2.7', 'x-forwarded-for': '203.0.113.9' },
  })
  expect(cgi).toMatchObject({
    HTTP_X_FORWARDED_FOR: '192.0.2.7',
    HTTP_X_FORWARDED_PROTO: 'http',
  })
})

it.for<[what: string, method: string, path: string, body: string | null]>([
  ['a simple GET', 'GET', '/', null],
  ['a POST', 'POST', '/', ''],
  ['a path and a query', 'GET', '/a/b%20c?d=e&f=%26', null],
  ['a body with its length', 'PUT', '/x', 'hello'],
])('test_proxy_request: forwards %s', async ([, method, path, body]) => {
  const { token } = await gate.connect()
  const seen = await seenAt(`/${token}${path}`, { method, body })
  expect(seen).toMatchObject({ method, url: path, body: body ?? '' })
  expect(seen.cgi['HTTP_CONTENT_LENGTH']).toBe(body === null ? undefined : String(body.length))
})

it('test_proxy_request: forwards a custom header and adds none but its own', async () => {
  const { token } = await gate.connect()
  const response = await rawRequest(gate.worker.port, [
    `GET /${token}/ HTTP/1.1`,
    'Host: gate.example',
    'X-Custom: a, b',
    'Cookie: c=d',
  ])
  const seen = JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4)) as SeenWithBody
  const { lines, cgi } = seen
  const names = lines.map(([name]) => name.toLowerCase())
  expect(names.toSorted()).toEqual([
    'cache-control',
    'cookie',
    'host',
    'pragma',
    'x-custom',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-verified-backend',
    'x-verified-path',
    'x-verified-secret',
    'x-verified-user-data',
  ])
  expect(lines).toContainEqual(['X-Custom', 'a, b'])
  // The platform writes `Host` from the URL.
  expect(`http://${cgi['HTTP_HOST']}`).toBe(gate.backend.origin)
  expect(cgi['HTTP_X_FORWARDED_HOST']).toBe('gate.example')
})

it('leaves a caller its own Cache-Control', async () => {
  const { token } = await gate.connect()
  const response = await fetch(gate.url(`/${token}/`), {
    headers: { 'cache-control': 'max-age=5' },
  })
  const { lines } = (await response.json()) as SeenWithBody
  const values = lines.filter(([name]) => name.toLowerCase() === 'cache-control')
  expect(values.map(([, value]) => value)).toEqual(['max-age=5'])
})

it('test_websocket_echo: carries text through the proxy', async () => {
  const { token } = await gate.connect()
  const socket = new WebSocket(gate.url(`/${token}/`).replace('http', 'ws'))
  await once(socket, 'message')
  socket.send('hello')
  expect(String((await once(socket, 'message'))[0])).toBe('hello')
  socket.close()
  await once(socket, 'close')
})

it('proxy_returns_backend_id_in_header: names the backend on its responses', async () => {
  const { token, backend_id } = await gate.connect()
  const response = await fetch(gate.url(`/${token}/`))
  expect(response.headers.get('x-plane-backend-id')).toBe(backend_id)
})

it('proxy_fake_verified_headers_are_stripped: keeps every other header', async () => {
  const { token } = await gate.connect()
  const headers = { 'x-verified-blah': 'forged', 'x-other': 'kept' }
  const { cgi } = await seenAt(`/${token}/`, { headers })
  expect(cgi).toMatchObject({ HTTP_X_OTHER: 'kept' })
  expect(cgi).not.toHaveProperty('HTTP_X_VERIFIED_BLAH')
})

it('proxy_plane_headers_are_set: tells user, data, secret, path and backend, all exact', async () => {
  const request = { user: 'alice', auth: { role: 'editor', n: [1, { a: null }] } }
  const { token, backend_id, secret_token } = await gate.connect(request)
  const { url, cgi } = await seenAt(`/${token}/a/b/c/?q=1`)
  expect(url).toBe('/a/b/c/?q=1')
  expect(cgi).toMatchObject({
    HTTP_X_VERIFIED_USERNAME: 'alice',
    HTTP_X_VERIFIED_USER_DATA: '{"role":"editor","n":[1,{"a":null}]}',
    HTTP_X_VERIFIED_SECRET: secret_token,
    HTTP_X_VERIFIED_PATH: `/${token}/a/b/c/`,
    HTTP_X_VERIFIED_BACKEND: backend_id,
  })
})

it('proxy_gone_request_has_cors_headers: lets every page read the 410', async () => {
  const response = await fetch(gate.url(UNKNOWN))
  expect(response.status).toBe(410)
  expect(Object.fromEntries(response.headers)).toMatchObject(OPEN_TO_PAGES)
})

it('proxy_valid_request_has_cors_headers: lets every page read what a backend answers', async () => {
  const { token } = await gate.connect()
  const response = await fetch(gate.url(`/${token}/`))
  expect(Object.fromEntries(response.headers)).toMatchObject(OPEN_TO_PAGES)
})

it.for([
  ['access-control-allow-origin', 'https://app.example'],
  ['access-control-allow-methods', 'GET'],
  ['access-control-allow-headers', 'x-own'],
])(
  'proxy_valid_request_has_cors_headers: adds none to a backend’s own %s',
  async ([name, value]) => {
    const { token } = await gate.connect()
    const response = await fetch(gate.url(`/${token}/headers?${name}=${value}`))
    const cors = [...response.headers].filter(([each]) => each.startsWith('access-control-'))
    expect(cors).toEqual([[name, value]])
  },
)

it('hands an OPTIONS to the backend, which answers preflights itself', async () => {
  const { token } = await gate.connect()
  expect(await seenAt(`/${token}/x`, { method: 'OPTIONS' })).toMatchObject({ method: 'OPTIONS' })
})

it('error_response_includes_server_header: names no server, nor a version', async () => {
  const response = await fetch(gate.url(UNKNOWN))
  expect([response.status, response.headers.get('server')]).toEqual([410, null])
})

it('valid_response_includes_server_header: names no server but the backend’s own', async () => {
  const { token } = await gate.connect()
  const silent = await fetch(gate.url(`/${token}/`))
  expect([silent.status, silent.headers.get('server')]).toEqual([200, null])
  const named = await fetch(gate.url(`/${token}/headers?server=backend/1.2`))
  expect([named.status, named.headers.get('server')]).toEqual([200, 'backend/1.2'])
})

it.for<[rest: string, target: string]>([
  ['/foo/bar', '/foo/bar'],
  ['/foo', '/foo'],
  ['/', '/'],
  ['', '/'],
  ['?q', '/?q'],
  ['//x', '//x'],
  ['/a%2Fb/%252F?x=%2e%2e&&y', '/a%2Fb/%252F?x=%2e%2e&&y'],
  // How the platform writes a URL.
  ["/'?'", "/'?%27"],
  ['/"{}^?{}^', '/%22%7B%7D%5E?{}^'],
  ['/é?é', '/%C3%A9?%C3%A9'],
  ['/x?q#fragment', '/x?q'],
])('forwards /token%s as %s', async ([rest, target]) => {
  const { token } = await gate.connect()
  const lines = [`GET /${token}${rest} HTTP/1.1`, 'Host: gate.example']
  const response = await rawRequest(gate.worker.port, lines)
  const seen = JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4)) as SeenWithBody
  expect(seen.url).toBe(target)
})

it.for(['/..', '/a/../b', '/%2e%2e/x', '/a%5c..%5cb', '/%00', '/%zz'])(
  'refuses the path /token%s, which two readers could read in two ways',
  async (rest) => {
    const { token } = await gate.connect()
    expect(await statusAt('gate.example', `/${token}${rest}`)).toBe(400)
  },
)

it.for(['//x', '/fifteen-charact/x', '/%61-token-that-is-percent-encoded-by-half/x'])(
  'takes no first segment of %s for a token',
  async (path) => {
    const response = await rawRequest(gate.worker.port, [
      `GET ${path} HTTP/1.1`,
      'Host: gate.example',
    ])
    expect(response).toMatch(/^HTTP\/1\.1 404 /)
    expect(response).not.toMatch(/^access-control-/im)
  },
)
