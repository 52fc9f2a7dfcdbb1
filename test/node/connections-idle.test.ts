import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, it } from 'vitest'
import { closing } from '../support/browser-socket.ts'
import { openRaw } from '../support/raw-socket.ts'
import {
  serveConnections,
  type ConnectionGate,
  type StatusDocument,
} from '../support/serve-connections.ts'

// The gate asks every ten seconds whether a connection may stay, and a use counts for fifteen: the
// tests wait for what ends then, all at the same time.
const MINUTE = 60_000

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
})
afterAll(() => gate.stop())

async function open(token: string, path = '/'): Promise<WebSocket> {
  const socket = new WebSocket(gate.url(`/${token}${path}`).replace('http', 'ws'))
  await once(socket, 'message')
  return socket
}

async function latest(backendId: string): Promise<string> {
  const response = await fetch(gate.url(`/pub/b/${backendId}/status`))
  return ((await response.json()) as StatusDocument).status
}

async function echo(socket: WebSocket, text: string): Promise<string> {
  socket.send(text)
  return String((await once(socket, 'message'))[0])
}

const SWEPT = [
  { status: 'terminating', termination_kind: 'soft', termination_reason: 'swept' },
  { status: 'terminated', termination_kind: 'soft', termination_reason: 'swept' },
]

it.concurrent('ends a backend that nobody uses for max_idle_seconds', async ({ expect }) => {
  const { token, backend_id } = await gate.connect({}, { max_idle_seconds: 1 })
  const statuses = await gate.statusesUntil('terminated', backend_id)
  expect(statuses.slice(-2)).toMatchObject(SWEPT)
  expect((await fetch(gate.url(`/${token}/`))).status).toBe(410)
})

it.concurrent(
  'proxy_marks_backend_as_recently_active: counts a request as use',
  { timeout: MINUTE },
  async ({ expect }) => {
    const [used, unused] = [
      await gate.connect({}, { max_idle_seconds: 1 }),
      await gate.connect({}, { max_idle_seconds: 2 }),
    ]
    await fetch(gate.url(`/${used.token}/`))
    await gate.statusesUntil('terminated', unused.backend_id)
    // It would have ended a second before the other.
    expect(await latest(used.backend_id)).toBe('ready')
    const statuses = await gate.statusesUntil('terminated', used.backend_id)
    expect(statuses.slice(-2)).toMatchObject(SWEPT)
  },
)

it.concurrent(
  'proxy_marks_websocket_backend_as_active: an open socket or stream is use for as long as it lasts',
  { timeout: MINUTE },
  async ({ expect }) => {
    const idle = { max_idle_seconds: 1 }
    const room = { executable: { room: { party: 'main', room: 'idle' } }, ...idle }
    const [withSocket, withStream, withRoom, usedOnce] = [
      await gate.connect({}, idle),
      await gate.connect({}, idle),
      await gate.connect({}, room),
      await gate.connect({}, { max_idle_seconds: 2 }),
    ]
    const socket = await open(withSocket.token)
    const roomSocket = await open(withRoom.token)
    const events = openRaw(gate.worker.port, [
      `GET /${withStream.token}/events HTTP/1.1`,
      'Host: gate.example',
    ])
    expect(String((await once(events, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /)
    const open3 = [withSocket, withStream, withRoom]
    await fetch(gate.url(`/${usedOnce.token}/`))

    // Used later than the three, and allowed to be idle for longer: without what is open they
    // would have ended before.
    await gate.statusesUntil('terminated', usedOnce.backend_id)
    for (const { backend_id } of open3) expect(await latest(backend_id)).toBe('ready')
    expect(await echo(socket, 'still here')).toBe('still here')
    expect(await echo(roomSocket, 'still here')).toBe('still here')

    socket.close()
    roomSocket.close()
    events.resetAndDestroy()
    const ended = open3.map(({ backend_id }) => gate.statusesUntil('terminated', backend_id))
    for (const statuses of await Promise.all(ended)) {
      expect(statuses.slice(-2)).toMatchObject(SWEPT)
    }
  },
)

it.concurrent(
  'ends a backend at its lifetime limit, with the socket that is open',
  { timeout: MINUTE },
  async ({ expect }) => {
    const { token, backend_id } = await gate.connect({}, { lifetime_limit_seconds: 1 })
    const socket = await open(token)
    const closed = closing(socket)
    const statuses = await gate.statusesUntil('terminated', backend_id)
    expect(statuses.slice(-2)).toMatchObject(SWEPT)
    expect(await closed).toEqual({ code: 4410, reason: '{"code":"backend_gone"}' })
    await gate.backend.told('closed 4410 {"code":"backend_gone"}')
  },
)

it.concurrent(
  'closes a revoked token’s socket, and leaves that of a room without max_idle_seconds to the room',
  { timeout: MINUTE },
  async ({ expect }) => {
    const executable = { room: { party: 'main', room: 'left alone' } }
    const [alone, relayed] = [
      await gate.connect({}, { executable }),
      await gate.connect({}, { executable, max_idle_seconds: 300 }),
    ]
    const aloneSocket = await open(alone.token)
    const closed = closing(await open(relayed.token))
    for (const { backend_id } of [alone, relayed]) {
      await gate.control('/ctrl/revoke', { backend_id })
    }
    expect(await closed).toEqual({ code: 4401, reason: '{"code":"token_revoked"}' })
    // Nobody of the gate stands in between, so that the room can hibernate.
    expect(await echo(aloneSocket, 'still here')).toBe('still here')
    aloneSocket.close()
  },
)
