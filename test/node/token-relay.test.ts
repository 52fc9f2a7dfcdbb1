import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Seen } from '../support/backend/seen.ts'
import { closing, refusedHandshake } from '../support/browser-socket.ts'
import { openRaw, WEBSOCKET_HANDSHAKE } from '../support/raw-socket.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate('test/fixtures/token-gate.ts')
})
afterAll(() => gate.stop())

const ORIGIN = '/token-of-the-origin'

function socketTo(path: string, protocols: string[] = []): WebSocket {
  return new WebSocket(gate.worker.origin.replace('http', 'ws') + path, protocols)
}

/** Opens a socket and reads what the backend saw of the upgrade, its first message. */
async function open(path: string, protocols: string[] = []): Promise<[WebSocket, Seen]> {
  const socket = socketTo(path, protocols)
  return [socket, JSON.parse(String(await nextMessage(socket))) as Seen]
}

async function nextMessage(socket: WebSocket): Promise<Buffer | string> {
  const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
  return isBinary ? data : data.toString()
}

async function revoke(token: string): Promise<void> {
  await fetch(`${gate.worker.origin}/revoke?${token}`, { method: 'POST' })
}

it.for<[path: string, target: string]>([
  [ORIGIN, '/'],
  [`${ORIGIN}?q=%20&&z`, '/?q=%20&&z'],
  [`${ORIGIN}/a%2Fb//c;x=1?q=1`, '/a%2Fb//c;x=1?q=1'],
  ['/s.token-of-the-static/a//b?q=1', '/s.token-of-the-static/a//b?q=1'],
])('opens a socket at %s of the gate as %s of the backend', async ([path, target]) => {
  const [socket, seen] = await open(path)
  expect(seen).toMatchObject({ method: 'GET', url: target })
  expect(seen.cgi).toMatchObject({
    HTTP_UPGRADE: 'websocket',
    HTTP_X_VERIFIED_BACKEND: 'backend-1',
    HTTP_X_VERIFIED_PATH: path.split('?')[0],
  })
  socket.close()
})

it('carries text as text and bytes as bytes, in their order', async () => {
  const [socket] = await open(ORIGIN)
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  const messages = ['', 'Zoë 王 👋', Buffer.alloc(0), bytes, 'x'.repeat(100_000), bytes, 'last']
  const answers: (Buffer | string)[] = []
  const all = new Promise<void>((resolve) => {
    socket.on('message', (data: Buffer, isBinary) => {
      answers.push(isBinary ? data : data.toString())
      if (answers.length === messages.length) resolve()
    })
  })
  for (const message of messages) socket.send(message)
  await all
  expect(answers).toEqual(messages)
  socket.close()
})

it.for([1000, 1001, 1008, 1011, 3000, 4000, 4999])(
  'carries the close code %i and its reason from the backend',
  async (code) => {
    const [socket] = await open(ORIGIN)
    socket.send(`close ${code} because-ü`)
    expect(await closing(socket)).toEqual({ code, reason: 'because-ü' })
    await gate.backend.told(`closed ${code} because-ü`)
  },
)

it.for([1000, 1001, 1011, 3000, 4000, 4999])(
  'carries the close code %i and its reason to the backend',
  async (code) => {
    const [socket] = await open(ORIGIN)
    const closed = closing(socket)
    socket.close(code, 'because-ü')
    await gate.backend.told(`closed ${code} because-ü`)
    expect(await closed).toEqual({ code, reason: 'because-ü' })
  },
)

it('carries a close without a code both ways', async () => {
  const [socket] = await open(ORIGIN)
  const closed = closing(socket)
  socket.close()
  await gate.backend.told('closed 1005')
  expect((await closed).code).toBe(1005)
})

it('tells the backend that a client which vanished has gone away', async () => {
  const [socket] = await open(ORIGIN)
  socket.terminate()
  await gate.backend.told('closed 1001')
})

it('tells the client of a backend which vanished to come back', async () => {
  const [socket] = await open(ORIGIN)
  socket.send('drop')
  expect(await closing(socket)).toEqual({ code: 1013, reason: '{"code":"backend_unavailable"}' })
})

it.for<[what: string, bytes: readonly number[]]>([
  ['breaks the protocol', [0x83, 0x80, 0, 0, 0, 0]],
  ['closes with a code that must not be sent', [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xec]],
])('tells the backend that a client which %s has gone away', async ([, bytes]) => {
  const socket = openRaw(gate.worker.port, [`GET ${ORIGIN} HTTP/1.1`, ...WEBSOCKET_HANDSHAKE])
  await once(socket, 'data')
  socket.write(Buffer.from(bytes))
  await gate.backend.told('closed 1001')
  socket.destroy()
})

it('hands on the subprotocol that the backend selects, and names the backend', async () => {
  const socket = socketTo(`${ORIGIN}?select=second`, ['first', 'second'])
  const [response] = (await once(socket, 'upgrade')) as [{ headers: Record<string, string> }]
  expect(response.headers).toMatchObject({
    'sec-websocket-protocol': 'second',
    'x-plane-backend-id': 'backend-1',
  })
  await once(socket, 'message')
  expect(socket.protocol).toBe('second')
  socket.close()
})

it('keeps status and body of an upgrade that the backend refuses', async () => {
  const refused = await refusedHandshake(socketTo(`${ORIGIN}/status`))
  expect([refused.status, refused.body]).toEqual([409, 'full'])
})

it('answers the upgrade of an unknown token with 410', async () => {
  const refused = await refusedHandshake(socketTo('/token-that-nobody-made'))
  expect(refused.status).toBe(410)
})

it('reaches another Worker by its service binding', async () => {
  const socket = socketTo('/token-of-the-service')
  await once(socket, 'open')
  const answer = nextMessage(socket)
  socket.send('hello')
  expect(await answer).toBe('hello')
  socket.close(4000, 'enough')
  expect(await closing(socket)).toEqual({ code: 4000, reason: 'enough' })
})

it('forwards nothing, and fails nowhere, where a client goes on after the close', async () => {
  const token = 'token-of-the-obstinate'
  const lines = [`GET /${token} HTTP/1.1`, ...WEBSOCKET_HANDSHAKE]
  const client = openRaw(gate.worker.port, lines)
  const [head] = (await once(client, 'data')) as [Buffer]
  let received = head.toString('latin1')
  await revoke(token)
  while (!received.includes('token_revoked')) received += String((await once(client, 'data'))[0])
  // The text `close 4999 x`, which the backend would obey, and then the close that was due.
  client.write(frame(0x81, 'close 4999 x'))
  client.write(frame(0x88, '\x0f\xa0'))
  await gate.backend.told('closed 4401 {"code":"token_revoked"}')
  await once(client, 'close')
  expect(gate.worker.logs()).not.toContain('after close')
})

/** A frame of a client, masked with zeros (RFC 6455, section 5.2). */
function frame(opcode: number, payload: string): Buffer {
  const head = Buffer.from([opcode, 0x80 | payload.length, 0, 0, 0, 0])
  return Buffer.concat([head, Buffer.from(payload, 'latin1')])
}

it.for(['origin', 'service', 'idle-room'])(
  'closes both ends of a socket to the %s once its token is revoked',
  async (backend) => {
    const token = `token-of-the-${backend}`
    const socket = socketTo(`/${token}`)
    await once(socket, 'open')
    await gate.worker.logged(`asked about ${token}`)
    expect(socket.readyState).toBe(WebSocket.OPEN)
    await revoke(token)
    expect(await closing(socket)).toEqual({ code: 4401, reason: '{"code":"token_revoked"}' })
    if (backend === 'origin') await gate.backend.told('closed 4401 {"code":"token_revoked"}')
  },
)
