import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Seen } from '../support/backend/seen.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate()
})
afterAll(() => gate.stop())

/** Opens a socket and reads what the backend saw of the upgrade. */
async function open(path: string, protocols: string[] = []): Promise<[WebSocket, Seen]> {
  const socket = new WebSocket(gate.worker.origin.replace('http', 'ws') + path, protocols)
  const seen = JSON.parse(String(await nextMessage(socket))) as Seen
  return [socket, seen]
}

async function nextMessage(socket: WebSocket): Promise<Buffer | string> {
  const [data, isBinary] = (await once(socket, 'message')) as [Buffer, boolean]
  return isBinary ? data : data.toString()
}

async function closed(socket: WebSocket): Promise<[code: number, reason: string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return [code, reason.toString()]
}

it.for(['api', 'hook'])(
  'forwards path and query of an upgrade byte for byte to %s',
  async (name) => {
    const [socket, seen] = await open(`/backends/${name}/a%2Fb//c;x=1?q=%20&&z`)
    expect(seen).toMatchObject({ method: 'GET', url: '/a%2Fb//c;x=1?q=%20&&z' })
    expect(seen.cgi).toMatchObject({ HTTP_UPGRADE: 'websocket', HTTP_CONNECTION: 'Upgrade' })
    socket.close()
  },
)

it('carries text as text and bytes as bytes', async () => {
  const [socket] = await open('/backends/api/')
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte))
  for (const message of ['', 'Zoë 王 👋', 'x'.repeat(100_000), Buffer.alloc(0), bytes]) {
    const answer = nextMessage(socket)
    socket.send(message)
    expect(await answer).toEqual(message)
  }
  socket.close()
})

it.for([1000, 1001, 1008, 1011, 3000, 4000, 4999])(
  'carries the close code %i and its reason from the backend',
  async (code) => {
    const [socket] = await open('/backends/api/')
    socket.send(`close ${code} because-ü`)
    expect(await closed(socket)).toEqual([code, 'because-ü'])
  },
)

it.for([1000, 1001, 1011, 3000, 4000, 4999])(
  'carries the close code %i and its reason to the backend',
  async (code) => {
    const [socket] = await open('/backends/api/')
    const end = closed(socket)
    socket.close(code, 'because-ü')
    await gate.backend.told(`closed ${code} because-ü`)
    expect(await end).toEqual([code, 'because-ü'])
  },
)

it('carries a close without a code both ways', async () => {
  const [socket] = await open('/backends/api/')
  const end = closed(socket)
  socket.close()
  await gate.backend.told('closed 1005')
  expect((await end)[0]).toBe(1005)
})

it('tells the backend when the client vanishes', async () => {
  const [socket] = await open('/backends/api/')
  socket.terminate()
  await gate.backend.told('closed 1006')
})

it('tells the client when the backend vanishes', async () => {
  const [socket] = await open('/backends/api/')
  socket.send('drop')
  expect((await closed(socket))[0]).toBe(1006)
})

it('hands the subprotocol that the backend selects to the client', async () => {
  const [socket, seen] = await open('/backends/api/?select=second', ['first', 'second'])
  expect(seen.cgi['HTTP_SEC_WEBSOCKET_PROTOCOL']).toMatch(/^first, ?second$/)
  expect(socket.protocol).toBe('second')
  socket.close()
})

it('takes the credential out of the subprotocols, and the backend selects among the others', async () => {
  const credential = `portico.bearer.${await mintToken()}`
  const path = '/backends/required/?select=second'
  const [socket, seen] = await open(path, [credential, 'first', 'second'])
  expect(seen.cgi['HTTP_SEC_WEBSOCKET_PROTOCOL']).toMatch(/^first, ?second$/)
  expect(socket.protocol).toBe('second')
  socket.close()
})

it("selects the application's subprotocol where the backend selects none", async () => {
  const credential = `portico.bearer.${await mintToken()}`
  const [socket] = await open('/backends/required/', [credential, 'first'])
  expect(socket.protocol).toBe('first')
  socket.close()
})

it('reaches another Worker by its service binding', async () => {
  const socket = new WebSocket(`${gate.worker.origin.replace('http', 'ws')}/backends/service/`)
  await once(socket, 'open')
  const answer = nextMessage(socket)
  socket.send('hello')
  expect(await answer).toBe('hello')
  socket.close()
  await closed(socket)
})
