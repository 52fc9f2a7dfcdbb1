import { once } from 'node:events'
import { request, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { closing, refusedHandshake } from '../support/browser-socket.ts'
import { CONNECT_KEY } from '../support/connection-keys.ts'
import { openRaw } from '../support/raw-socket.ts'
import { rawRequest } from '../support/raw-request.ts'
import {
  serveConnections,
  type ConnectionGate,
  type StatusDocument,
} from '../support/serve-connections.ts'
import { startBackend, type BackendProcess } from '../support/start-backend.ts'

// The gate asks every ten seconds whether a connection may stay, and a use counts for fifteen.
const MINUTE = 60_000

let gate: ConnectionGate
/** What the service `acme/notes` of Jamsocket's API leads to. */
let notes: BackendProcess
beforeAll(async () => {
  notes = await startBackend()
  const jamsocketServices = { 'acme/notes': { executable: { origin: notes.origin } } }
  gate = await serveConnections({ backendDomain: 'localhost', jamsocketServices }, [notes.origin])
})
afterAll(async () => {
  await notes.stop()
  await gate.stop()
})

interface Place {
  /** For the `Host` header: it need not be a name that this machine can look up. */
  readonly host: string
  readonly prefix: string
}

const atHost = (backendId: string): Place => ({
  host: `${backendId}.localhost:${gate.worker.port}`,
  prefix: '',
})
const atPath = (backendId: string): Place => ({
  host: `127.0.0.1:${gate.worker.port}`,
  prefix: `/backends/${backendId}`,
})
const FORMS = [
  ['its host', atHost],
  ['its path', atPath],
] as const

interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

async function ask(
  { host, prefix }: Place,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const { port } = gate.worker
  const options = { host: '127.0.0.1', port, path: prefix + path, headers: { ...headers, host } }
  const sent = request(options).end()
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, headers: response.headers, body: await text(response) }
}

/** Goes where a redirect leads, with the cookie that it sets, as a browser does. */
async function follow(place: Place, { status, headers }: Answer): Promise<Answer> {
  const [set = ''] = headers['set-cookie'] ?? []
  const { location = '' } = headers
  expect([status, location.startsWith(place.prefix + '/')]).toEqual([302, true])
  const [cookie = ''] = set.split(';')
  return ask({ ...place, prefix: '' }, location, { cookie })
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

/** A backend with a bearer token. */
async function spawn(idle: object = {}) {
  return gate.connect({}, { use_static_token: true, ...idle })
}

/** A backend of Jamsocket's API; without a bearer token anyone may go to it. */
async function spawnNotes(body: object): Promise<{ name: string; bearer_token?: string }> {
  const path = '/v1/user/acme/service/notes/spawn'
  const response = await gate.control(path, body, CONNECT_KEY)
  expect(response.status).toBe(200)
  return (await response.json()) as { name: string; bearer_token?: string }
}

function socketTo(
  { host, prefix }: Place,
  headers: Readonly<Record<string, string>>,
  path = '/',
): WebSocket {
  const url = `ws://127.0.0.1:${gate.worker.port}${prefix}${path}`
  return new WebSocket(url, { headers: { ...headers, host } })
}

async function echo(socket: WebSocket, message: string): Promise<string> {
  socket.send(message)
  return String((await once(socket, 'message'))[0])
}

it.for(FORMS)('backend_not_exist_404s: answers 404 by %s, to every page', async ([, placeOf]) => {
  const { status, headers } = await ask(placeOf('foobar'), '/')
  expect([status, headers['access-control-allow-origin']]).toEqual([404, '*'])
})

it.for(FORMS)('simple_backend_proxy: forwards to an open backend by %s', async ([, placeOf]) => {
  const { name, bearer_token } = await spawnNotes({})
  const { status, body } = await ask(placeOf(name), '/a%2Fb//c?d=e')
  expect([status, bearer_token]).toEqual([200, undefined])
  const { url, cgi } = JSON.parse(body) as SeenWithBody
  expect(url).toBe('/a%2Fb//c?d=e')
  expect(cgi).toMatchObject({ HTTP_X_VERIFIED_BACKEND: name, HTTP_X_VERIFIED_SECRET: '' })
  expect(cgi).not.toHaveProperty('HTTP_X_VERIFIED_USERNAME')
})

it.for(FORMS)('simple_ws_backend_proxy: opens a WebSocket by %s', async ([, placeOf]) => {
  const { name } = await spawnNotes({})
  const socket = socketTo(placeOf(name), {})
  await once(socket, 'message')
  for (const message of ['1', '2', '3', '4', '5', '6']) {
    expect(await echo(socket, message)).toBe(message)
  }
  socket.close()
})

it('host_header_is_set: tells the backend the host that was asked for', async () => {
  const { backend_id, token } = await spawn()
  const place = atHost(backend_id)
  const { body } = await ask(place, '/', bearer(token))
  const { cgi } = JSON.parse(body) as SeenWithBody
  // `fetch` of a Worker sets `Host` itself.
  expect(cgi).toMatchObject({ HTTP_X_FORWARDED_HOST: place.host })
  expect(cgi).not.toHaveProperty('HTTP_X_FORWARDED_PREFIX')
})

it.for(FORMS)('simple_missing_bearer_token: answers 401 by %s', async ([, placeOf]) => {
  const { backend_id } = await spawn()
  const { status, headers, body } = await ask(placeOf(backend_id), '/')
  expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="portico"'])
  expect(JSON.parse(body)).toMatchObject({ detail: 'Expected bearer token.' })
})

it.for(FORMS)('simple_bearer_token: answers 200 by %s, in one object call', async ([, placeOf]) => {
  const { backend_id, token } = await spawn()
  const before = await gate.reached()
  const { status, headers } = await ask(placeOf(backend_id), '/', bearer(token))
  expect([status, headers['x-plane-backend-id']]).toEqual([200, backend_id])
  expect((await gate.reached()) - before).toBe(1)
})

it.for(FORMS)('simple_wrong_bearer_token: answers 403 by %s, in none', async ([, placeOf]) => {
  const [{ backend_id }, other] = [await spawn(), await spawn()]
  const before = await gate.reached()
  for (const wrong of ['foobar', other.token]) {
    expect((await ask(placeOf(backend_id), '/', bearer(wrong))).status).toBe(403)
  }
  expect(await gate.reached()).toBe(before)
})

it.for(FORMS)('simple_cookie_bearer_token: answers 200 by %s', async ([, placeOf]) => {
  const { backend_id, token } = await spawn()
  const { status, body } = await ask(placeOf(backend_id), '/', {
    cookie: `a=1; _plane_auth=${token}`,
  })
  expect(status).toBe(200)
  expect((JSON.parse(body) as SeenWithBody).cgi).toMatchObject({ HTTP_COOKIE: 'a=1' })
  expect(body).not.toContain(token)
})

it.for(FORMS)('simple_cookie_set: sets the cookie, and / opens by %s', async ([, placeOf]) => {
  const { backend_id, token } = await spawn()
  const place = placeOf(backend_id)
  const { status, body } = await follow(place, await ask(place, `/_plane_auth?token=${token}`))
  expect([status, (JSON.parse(body) as SeenWithBody).url]).toEqual([200, '/'])
})

it.for(FORMS)('custom_path_cookie_set: leads to the path by %s', async ([, placeOf]) => {
  const { backend_id, token } = await spawn()
  const place = placeOf(backend_id)
  const link = `/_plane_auth?token=${token}&redirect=/blahblah%3Fa%3Db&c=%2f+d`
  const { body } = await follow(place, await ask(place, link))
  expect((JSON.parse(body) as SeenWithBody).url).toBe('/blahblah?a=b&c=%2f+d')
})

it.for(FORMS)('custom_path_cookie_set_invalid_redirect: answers 400 by %s', async ([, placeOf]) => {
  const { backend_id, token } = await spawn()
  const link = `/_plane_auth?token=${token}&redirect=https://blahblah%3Fa%3Db`
  const { status, headers, body } = await ask(placeOf(backend_id), link)
  expect([status, headers['set-cookie']]).toEqual([400, undefined])
  expect(body).toContain('Redirect must be relative and start with a slash.')
})

it.for(['/../x', '/%2e%2e/x', '/a\\b', '/%zz', '/a/..%2fctrl/connect'])(
  'leads nowhere but to the backend by a path that can be read in two ways: %s',
  async (path) => {
    const { backend_id, token } = await spawn()
    for (const { host, prefix } of [atHost(backend_id), atPath(backend_id)]) {
      const response = await rawRequest(gate.worker.port, [
        `GET ${prefix}${path} HTTP/1.1`,
        `Host: ${host}`,
        `Authorization: Bearer ${token}`,
      ])
      expect(response).toMatch(/^HTTP\/1\.1 400 /)
    }
  },
)

it.for(['/', '/ctrl/b/x/tokens', '/_portico/health', '/backends/x/y'])(
  'serves the backend alone on its host, also at %s, and in every spelling of the host',
  async (path) => {
    const { backend_id, token } = await spawn()
    const { host } = atHost(backend_id)
    for (const spelt of [host, host.toUpperCase(), host.replace('localhost', 'LocalHost.')]) {
      const response = await rawRequest(gate.worker.port, [
        `GET ${path} HTTP/1.1`,
        `Host: ${spelt}`,
        `Authorization: Bearer ${token}`,
      ])
      expect(response).toMatch(/^HTTP\/1\.1 200 /)
      expect(response).toContain(`"url":"${path}"`)
    }
  },
)

it.for(['a.b.localhost', '.localhost', 'under_score.localhost', 'x y.localhost', 'a:b.localhost'])(
  'answers 400 for a host that is no backend’s: %s',
  async (host) => {
    const before = await gate.reached()
    const response = await rawRequest(gate.worker.port, ['GET / HTTP/1.1', `Host: ${host}`])
    expect(response).toMatch(/^HTTP\/1\.1 400 /)
    expect(await gate.reached()).toBe(before)
  },
)

it.for(FORMS)('opens no WebSocket by the cookie from a foreign page by %s', async ([, placeOf]) => {
  const { backend_id, token } = await spawn()
  const place = placeOf(backend_id)
  const cookie = `_plane_auth=${token}`
  const own = socketTo(place, { cookie, origin: `http://${place.host}` })
  await once(own, 'message')
  expect(await echo(own, 'hello')).toBe('hello')
  own.close()
  const foreign = socketTo(place, { cookie, origin: 'https://evil.example' })
  expect((await closing(foreign)).code).toBe(4403)
  const without = await refusedHandshake(socketTo(place, { cookie }))
  expect(without.status).toBe(403)
})

async function latest(backendId: string): Promise<string> {
  const response = await fetch(gate.url(`/pub/b/${backendId}/status`))
  return ((await response.json()) as StatusDocument).status
}

it.concurrent(
  'connection_status_is_recorded: counts a request by name as use, and a refused one not',
  { timeout: MINUTE },
  async ({ expect: expects }) => {
    const [used, refused, unused] = [
      await spawn({ max_idle_seconds: 1 }),
      await spawn({ max_idle_seconds: 2 }),
      await spawn({ max_idle_seconds: 2 }),
    ]
    await ask(atHost(used.backend_id), '/', bearer(used.token))
    await ask(atHost(refused.backend_id), '/', bearer('wrong'))
    await ask(atHost(refused.backend_id), '/')
    await gate.statusesUntil('terminated', unused.backend_id)
    await gate.statusesUntil('terminated', refused.backend_id)
    // It would have ended a second before the others.
    expects(await latest(used.backend_id)).toBe('ready')
    await gate.statusesUntil('terminated', used.backend_id)
  },
)

it.concurrent(
  'counts what is open by name as use for as long as it lasts, and closes it with the backend',
  { timeout: MINUTE },
  async ({ expect: expects }) => {
    const idle = { max_idle_seconds: 1 }
    const [withSocket, withStream, usedOnce] = [
      await spawn(idle),
      await spawn(idle),
      await spawn({ max_idle_seconds: 2 }),
    ]
    const open = await spawnNotes({ grace_period_seconds: 1 })
    const place = atHost(withSocket.backend_id)
    const cookie = `_plane_auth=${withSocket.token}`
    const socket = socketTo(place, { cookie, origin: `http://${place.host}` })
    const nobody = socketTo(atPath(open.name), {})
    await Promise.all([once(socket, 'message'), once(nobody, 'message')])
    const events = openRaw(gate.worker.port, [
      `GET /backends/${withStream.backend_id}/events HTTP/1.1`,
      'Host: localhost',
      `Authorization: Bearer ${withStream.token}`,
    ])
    expects(String((await once(events, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /)
    await ask(atHost(usedOnce.backend_id), '/', bearer(usedOnce.token))

    // Used later than the three, and allowed to be idle for longer.
    await gate.statusesUntil('terminated', usedOnce.backend_id)
    const three = [withSocket.backend_id, withStream.backend_id, open.name]
    for (const backendId of three) expects(await latest(backendId)).toBe('ready')
    expects(await echo(socket, 'still here')).toBe('still here')
    expects(await echo(nobody, 'still here')).toBe('still here')

    const closed = [closing(socket), closing(nobody)]
    await gate.control('/ctrl/revoke', { backend_id: withSocket.backend_id })
    await gate.control(`/ctrl/b/${open.name}/hard-terminate`)
    expects(await Promise.all(closed)).toEqual([
      { code: 4401, reason: '{"code":"token_revoked"}' },
      { code: 4410, reason: '{"code":"backend_gone"}' },
    ])
    events.resetAndDestroy()
    await gate.statusesUntil('terminated', withStream.backend_id)
  },
)
