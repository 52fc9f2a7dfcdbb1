import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { mintToken } from '../support/mint-token.ts'
import { SERVER_SECRET } from '../support/session-secrets.ts'
import { serveWorker } from '../support/serve-worker.ts'

const ROOMS = JSON.stringify({ chat: 'CHAT_ROOM' })

/** The status of `/parties/chat/x`, or the `code` of a wrong setting. */
async function withWorker<T>(
  vars: Readonly<Record<string, string>>,
  use: (send: (headers: Record<string, string>) => Promise<Response>, origin: string) => Promise<T>,
): Promise<T> {
  const worker = await serveWorker({
    entry: 'src/index.ts',
    vars: { ROOMS, ...vars },
    rooms: { CHAT_ROOM: 'ChatRoom' },
  })
  try {
    return await use(
      (headers) => fetch(`${worker.origin}/parties/chat/x`, { headers }),
      worker.origin,
    )
  } finally {
    await worker.stop()
  }
}

it('lets in who has one of SHARED_SECRET, and nobody else', async () => {
  const another = SERVER_SECRET.toUpperCase()
  await withWorker({ SHARED_SECRET: `${SERVER_SECRET}, ${another}` }, async (send) => {
    for (const secret of [SERVER_SECRET, another]) {
      expect((await send({ authorization: `Bearer ${secret}` })).status).not.toBe(401)
    }
    expect((await send({ authorization: `Bearer ${SERVER_SECRET}x` })).status).toBe(401)
    expect((await send({ authorization: `Bearer ${await mintToken()}` })).status).toBe(401)
  })
})

it('asks SESSION_SERVICE_URL with the cookie of SESSION_SERVICE, but not about a secret', async () => {
  const asked: unknown[] = []
  const service = createServer(({ headers }, response) => {
    asked.push(headers.cookie)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(headers.cookie === 'session=of-alice' ? '{"user":{"id":"alice"}}' : 'null')
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const { port } = service.address() as AddressInfo
  const vars = {
    SHARED_SECRET: SERVER_SECRET,
    SESSION_SERVICE_URL: `http://127.0.0.1:${port}/session`,
    SESSION_SERVICE: '{"cookie":"session","subject_claim":"user.id","forward_claims":[]}',
  }
  try {
    await withWorker(vars, async (send, origin) => {
      const withCookie = (session: string) => send({ cookie: `session=${session}`, origin })
      expect((await withCookie('of-alice')).status).not.toBe(401)
      expect((await withCookie('of-nobody')).status).toBe(401)
      expect((await send({ authorization: `Bearer ${SERVER_SECRET}` })).status).not.toBe(401)
    })
  } finally {
    service.closeAllConnections()
    service.close()
  }
  expect(asked).toEqual(['session=of-alice', 'session=of-nobody'])
})

it.for<[named: string, vars: Readonly<Record<string, string>>]>([
  ['SHARED_SECRET', { SHARED_SECRET: 'hunter2' }],
  ['SHARED_SECRET', { SHARED_SECRET: `${SERVER_SECRET},` }],
  ['SESSION_SERVICE_URL', { SESSION_SERVICE_URL: 'http://hunter2.example/' }],
  ['SESSION_SERVICE_URL', { SESSION_SERVICE: '{}' }],
  [
    'SESSION_SERVICE',
    { SESSION_SERVICE_URL: 'https://s.example/', SESSION_SERVICE: '{"secret":"hunter2"}' },
  ],
  [
    'SESSION_SERVICE.cookie',
    { SESSION_SERVICE_URL: 'https://s.example/', SESSION_SERVICE: '{"cookie":"hunter2; a"}' },
  ],
  [
    'SESSION_SERVICE.client_id, SESSION_SERVICE.client_secret',
    {
      SESSION_SERVICE_URL: 'https://s.example/',
      SESSION_SERVICE: '{"form":"introspection","client_secret":"hunter2"}',
    },
  ],
])('refuses every request and names %s while it is wrong', async ([named, vars]) => {
  await withWorker(vars, async (send) => {
    const response = await send({})
    const text = await response.text()
    expect(response.status).toBe(500)
    expect((JSON.parse(text) as { detail: string }).detail.startsWith(`${named}: `)).toBe(true)
    expect(text).not.toContain('hunter2')
  })
})
