import { once } from 'node:events'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { BrowserSocket, closing, PAGE_ORIGIN, refusedHandshake } from '../support/browser-socket.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { startBackend, type BackendProcess } from '../support/start-backend.ts'

interface Issued {
  readonly ticket: string
  readonly url: string
}

let backend: BackendProcess
let worker: ServedWorker

beforeAll(async () => {
  backend = await startBackend()
  worker = await serveWorker({
    entry: 'test/fixtures/ticket-worker.ts',
    vars: { ORIGIN: backend.origin },
    rooms: { ECHO_ROOM: 'EchoRoom', SUBJECT: 'Subject' },
  })
})

afterAll(async () => {
  await backend?.stop()
  await worker?.stop()
})

async function issue(
  body: object = { party: 'main', room: 'x' },
  headers: Readonly<Record<string, string>> = {},
): Promise<Issued> {
  const response = await fetch(`${worker.origin}/_portico/tickets`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${await mintToken()}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Issued
}

/** The status of the handshake; a socket that opened is closed again. */
async function statusOf(url: string): Promise<number> {
  const socket = new WebSocket(url)
  const opened = once(socket, 'open').then(() => 101)
  const refused = refusedHandshake(socket).then(({ status }) => status)
  // The one that loses fails when the socket ends.
  opened.catch(() => undefined)
  refused.catch(() => undefined)
  const status = await Promise.race([opened, refused])
  socket.terminate()
  return status
}

async function firstMessage(socket: WebSocket): Promise<string> {
  const [data] = (await once(socket, 'message')) as [Buffer]
  return data.toString()
}

it('lets exactly one of 1,000 parallel redemptions in', async () => {
  const { url } = await issue()
  let left = 1000
  const statuses: number[] = []
  const knock = async () => {
    while (left-- > 0) statuses.push(await statusOf(url))
  }
  await Promise.all(Array.from({ length: 100 }, knock))
  expect(statuses).toHaveLength(1000)
  expect(statuses.filter((status) => status === 101)).toHaveLength(1)
  expect(statuses.filter((status) => status === 401)).toHaveLength(999)
})

it.for([{ party: 'main', room: 'a/b ü' }, { backend: 'socket' }])(
  'opens a socket to %o with the URL that was given, and no credential arrives',
  async (asked) => {
    const { url, ticket } = await issue(asked)
    expect(url.startsWith(worker.origin.replace('http', 'ws'))).toBe(true)
    const socket = new WebSocket(url)
    const seen = await firstMessage(socket)
    expect(seen.toLowerCase()).toContain('alice')
    expect(seen).not.toContain(ticket)
    expect(seen).not.toContain('ticket=')
    socket.send('hello')
    expect(await firstMessage(socket)).toBe('hello')
    socket.terminate()
  },
)

it('opens a page’s socket by subprotocol, and echoes only the application’s own', async () => {
  const { ticket, url } = await issue(undefined, { origin: PAGE_ORIGIN })
  const bare = url.slice(0, url.indexOf('?'))
  const socket = new BrowserSocket(bare, [`portico.bearer.${ticket}`, 'chat'])
  expect(await firstMessage(socket)).toContain('alice')
  expect(socket.protocol).toBe('chat')
  socket.terminate()
})

it('is bound to the page’s origin', async () => {
  const forServer = await issue()
  expect(await closing(new BrowserSocket(forServer.url))).toEqual({
    code: 4403,
    reason: '{"code":"origin_refused"}',
  })
  const forPage = await issue(undefined, { origin: PAGE_ORIGIN })
  expect(await statusOf(forPage.url)).toBe(403)
  // It was spent where it did not belong.
  expect(await closing(new BrowserSocket(forPage.url))).toEqual({
    code: 4401,
    reason: '{"code":"token_invalid"}',
  })
})

it('is not logged', async () => {
  const { ticket, url } = await issue()
  expect(await statusOf(url)).toBe(101)
  expect(await statusOf(url)).toBe(401)
  expect(worker.logs()).not.toContain(ticket)
})
