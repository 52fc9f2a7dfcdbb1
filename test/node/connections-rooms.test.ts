import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { closing } from '../support/browser-socket.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections({}, ['https://a.example'])
})
afterAll(() => gate.stop())

/** What a room or a service saw of a request. */
interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const ROOM = { executable: { room: { party: 'main', room: 'a/b 王' } } }
const ROOM_PATH = '/parties/main/a%2Fb%20%E7%8E%8B'
const SERVICE = { executable: { service: 'service' } }

function socketTo(path: string): WebSocket {
  return new WebSocket(gate.url(path).replace('http', 'ws'))
}

it.for<[rest: string, path: string]>([
  ['', ''],
  ['/', '/'],
  ['/x%2Fy//z?q=%20', '/x%2Fy//z?q=%20'],
])('opens a room by HTTP: /token%s', async ([rest, path]) => {
  const { token, backend_id } = await gate.connect({ user: 'alice' }, ROOM)
  const response = await fetch(gate.url(`/${token}${rest}`), { method: 'POST', body: 'hello' })
  expect(response.headers.get('x-plane-backend-id')).toBe(backend_id)
  const seen = (await response.json()) as Seen
  expect(seen).toMatchObject({ method: 'POST', url: gate.url(ROOM_PATH + path), body: 'hello' })
  expect(seen.headers).toMatchObject({
    'x-verified-username': 'alice',
    'x-verified-backend': backend_id,
  })
})

it('opens a room by WebSocket, with the caller’s identity', async () => {
  const { token, secret_token } = await gate.connect({ user: 'alice' }, ROOM)
  const socket = socketTo(`/${token}/x`)
  const [first] = (await once(socket, 'message')) as [Buffer]
  const seen = JSON.parse(first.toString()) as Seen
  expect(seen.url).toBe(gate.url(`${ROOM_PATH}/x`))
  expect(seen.headers).toMatchObject({
    'x-verified-username': 'alice',
    'x-verified-secret': secret_token,
  })
  socket.send('hello')
  expect(String((await once(socket, 'message'))[0])).toBe('hello')
  socket.close(4000, 'enough')
  expect(await closing(socket)).toEqual({ code: 4000, reason: 'enough' })
})

it('leads two tokens of one room to the same room', async () => {
  const [first, second] = [await gate.connect({}, ROOM), await gate.connect({}, ROOM)]
  expect(second.backend_id).not.toBe(first.backend_id)
  for (const { token } of [first, second]) {
    const seen = (await (await fetch(gate.url(`/${token}/`))).json()) as Seen
    expect(seen.url).toBe(gate.url(`${ROOM_PATH}/`))
  }
})

it.for<[what: string, executable: unknown]>([
  ['a party that is not configured', { room: { party: 'other', room: 'x' } }],
  ['no room', { room: { party: 'main', room: '' } }],
  ['a service that is not configured', { service: 'BACKEND' }],
  ['an origin that is not allowed', { origin: 'http://127.0.0.1:1' }],
  ['an origin with a path', { origin: 'http://127.0.0.1:1/x' }],
  ['two kinds at once', { service: 'service', origin: 'http://127.0.0.1:1' }],
])('refuses to connect to %s', async ([, executable]) => {
  const response = await gate.control('/ctrl/connect', { spawn_config: { executable } })
  expect([response.status, await response.json()]).toMatchObject([
    400,
    { kind: 'InvalidRequest', message: expect.stringMatching(/^spawn_config\.executable/) },
  ])
})

it.for<[origin: string, status: number]>([
  ['https://a.example', 200],
  ['https://a.example/', 200],
  ['https://a.example.evil.example', 400],
  ['https://a.example:8443', 400],
  ['https://a.example@evil.example', 400],
  ['http://a.example', 400],
  ['https://sub.a.example', 400],
])('compares the origin %s whole with https://a.example: %i', async ([origin, status]) => {
  const spawn_config = { executable: { origin } }
  expect((await gate.control('/ctrl/connect', { spawn_config })).status).toBe(status)
})

it('reaches a service by HTTP and by WebSocket', async () => {
  const { token, backend_id } = await gate.connect({ user: 'alice' }, SERVICE)
  const response = await fetch(gate.url(`/${token}/x?q=1`), { method: 'POST', body: 'hello' })
  const seen = (await response.json()) as Seen
  expect(seen).toMatchObject({ method: 'POST', url: gate.url('/x?q=1'), body: 'hello' })
  expect(seen.headers).toMatchObject({
    'x-verified-username': 'alice',
    'x-verified-backend': backend_id,
  })
  const socket = socketTo(`/${token}/`)
  await once(socket, 'open')
  socket.send('hello')
  expect(String((await once(socket, 'message'))[0])).toBe('hello')
  socket.close()
  await once(socket, 'close')
})

it('answers 502 where a service throws, and tells nothing of why', async () => {
  const { token } = await gate.connect({}, SERVICE)
  const response = await fetch(gate.url(`/${token}/throw`))
  expect(response.status).toBe(502)
  const body = await response.text()
  expect(JSON.parse(body)).toMatchObject({ code: 'backend_unavailable' })
  expect(body).not.toContain('secret')
})

it.for([{}, { max_idle_seconds: 60 }])(
  'carries the frames of a room with the limits %o as they are',
  async (limits) => {
    const { token } = await gate.connect({}, { ...ROOM, ...limits })
    const socket = socketTo(`/${token}/`)
    await once(socket, 'message')
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
    for (const message of ['', 'Zoë 王 👋', bytes, 'x'.repeat(100_000)]) {
      const answer = once(socket, 'message') as Promise<[Buffer, boolean]>
      socket.send(message)
      const [data, isBinary] = await answer
      expect(isBinary ? data : data.toString()).toEqual(message)
    }
    socket.close(4001, 'ü')
    expect(await closing(socket)).toEqual({ code: 4001, reason: 'ü' })
  },
)
