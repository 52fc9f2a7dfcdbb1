import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CLIENT_SECRET, SERVER_SECRET } from '../support/session-secrets.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

interface Asked {
  readonly line: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

let service: Server
let origin: string
let worker: ServedWorker
/** What the service was asked for each token, and how it answers. */
const asked = new Map<string, Asked[]>()
const answers = new Map<string, Answer>()

beforeAll(async () => {
  service = createServer((request, response) => void handle(request, response))
  service.listen(0, '127.0.0.1')
  await once(service, 'listening')
  origin = `http://127.0.0.1:${(service.address() as AddressInfo).port}`
  worker = await serveWorker({
    entry: 'test/fixtures/session-service-worker.ts',
    vars: { SERVICE: origin },
    rooms: { ECHO_ROOM: 'EchoRoom' },
  })
})

afterAll(async () => {
  await worker.stop()
  service.closeAllConnections()
  service.close()
})

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = ''
  for await (const chunk of request) body += String(chunk)
  const { cookie = '' } = request.headers
  const token = new URLSearchParams(body).get('token') ?? cookie.slice(cookie.indexOf('=') + 1)
  const line = `${request.method} ${request.url}`
  asked.set(token, [...(asked.get(token) ?? []), { line, headers: request.headers, body }])
  const answer = answers.get(token)
  if (answer === undefined) response.writeHead(404).end()
  else answer(response, request)
}

let made = 0

/** A token that nobody asked about before, and how the service answers it. */
function tokenFor(form: 'oauth' | 'session', answer: Answer): string {
  made += 1
  const token = `${form}-token-that-must-not-leak-${made}`
  answers.set(token, answer)
  return token
}

function json(body: unknown, status = 200): Answer {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(JSON.stringify(body))
  }
}

async function send(token: string, room = 'x'): Promise<{ status: number; text: string }> {
  const response = await fetch(`${worker.origin}/parties/main/${room}`, {
    headers: { authorization: `Bearer ${token}` },
  })
  return { status: response.status, text: await response.text() }
}

it('lets in whom an introspection knows, and tells the room', async () => {
  const token = tokenFor('oauth', json({ active: true, sub: 'alice', scope: 'read' }))
  const { status, text } = await send(token)
  expect(status).toBe(200)
  const { headers } = JSON.parse(text) as { headers: Record<string, string> }
  expect(headers).toMatchObject({
    'x-verified-subject': 'alice',
    'x-verified-issuer': origin,
    'x-verified-user-data': '{"scope":"read"}',
  })
  const [question] = asked.get(token) ?? []
  expect(question?.line).toBe('POST /introspect')
  expect(question?.headers).toMatchObject({
    authorization: `Basic ${btoa(`gate:${CLIENT_SECRET}`)}`,
    'content-type': expect.stringMatching(/^application\/x-www-form-urlencoded/) as string,
  })
  expect(question?.body).toBe(`token=${token}&token_type_hint=access_token`)
})

it('asks with the cookie of the session, and with nothing else of the caller', async () => {
  const token = tokenFor('session', json({ sub: 'alice', expires: '2040-01-01T00:00:00.000Z' }))
  expect((await send(token)).status).toBe(200)
  const [question] = asked.get(token) ?? []
  expect(question?.line).toBe('GET /cookie')
  expect(question?.headers.cookie).toBe(`next-auth.session-token=${token}`)
  expect(question?.headers).not.toHaveProperty('authorization')
})

it('asks once for many requests at the same time', async () => {
  let waiting: ServerResponse | undefined
  const arrived = Promise.withResolvers<void>()
  const token = tokenFor('oauth', (response) => {
    waiting = response
    arrived.resolve()
  })
  const sent = Array.from({ length: 20 }, (_, index) => send(token, `room-${index}`))
  await arrived.promise
  if (waiting !== undefined) json({ active: true, sub: 'alice' })(waiting, waiting.req)
  const statuses = new Set((await Promise.all(sent)).map(({ status }) => status))
  expect([...statuses]).toEqual([200])
  expect(asked.get(token)).toHaveLength(1)
})

const redirected: string[] = []

it.for<[what: string, answer: Answer]>([
  ['hangs', () => undefined],
  [
    'hangs in the middle of its answer',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{"active":true,"sub":"alice"')
    },
  ],
  ['hangs up', (response) => void response.destroy()],
  [
    'hangs up in the middle of its answer',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' })
      response.write('{"active":true,"sub":"alice"}', () => response.destroy())
    },
  ],
  [
    'sends 10 MiB',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(JSON.stringify({ active: true, sub: 'alice', x: 'x'.repeat(10 * 1024 * 1024) }))
    },
  ],
  [
    'redirects',
    (response, request) => {
      redirected.push(request.url ?? '')
      response.writeHead(307, { location: `${origin}/elsewhere` }).end()
    },
  ],
  ['sends HTML', (response) => void response.end('<html>')],
  [
    'sends bytes that are no text',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(Buffer.from('7b22737562223a22ff227d', 'hex'))
    },
  ],
  ['fails', json({ active: true, sub: 'alice' }, 500)],
])('answers 503, never 401 and never a pass, where the service %s', async ([, answer]) => {
  for (const form of ['oauth', 'session'] as const) {
    const { status, text } = await send(tokenFor(form, answer))
    expect([status, (JSON.parse(text) as { code: string }).code]).toEqual([
      503,
      'verifier_unavailable',
    ])
  }
})

it('followed no redirect', () => {
  expect(redirected).toEqual(['/introspect', '/cookie'])
})

/** A service that answers with all that it was asked. */
function echo(status: number): Answer {
  return (response, { headers }) => {
    const said = JSON.stringify({ headers, error: 'cannot look up this token' })
    response.writeHead(status, { 'content-type': `application/json; echo="${headers.cookie}"` })
    response.end(said)
  }
}

/** One that says yes, and to which token. */
function tellsBack(response: ServerResponse, request: IncomingMessage): void {
  const { cookie = '' } = request.headers
  const token = cookie.slice(cookie.indexOf('=') + 1)
  json({ sub: 'alice', session: { token }, note: `for ${token}` })(response, request)
}

it('tells nobody a token or a secret, whatever the service does with them', async () => {
  const tokens = [
    ...[200, 302, 400, 401, 404, 500].map((status) => tokenFor('session', echo(status))),
    ...[200, 302, 400, 401, 404, 500].map((status) => tokenFor('oauth', echo(status))),
    tokenFor('session', (response) => void response.destroy()),
    tokenFor('session', tellsBack),
    `${SERVER_SECRET.slice(0, -1)}?`,
    SERVER_SECRET,
  ]
  const said: string[] = []
  for (const token of tokens) {
    for (const [search, headers] of [
      ['', { authorization: `Bearer ${token}` }],
      [`?token=${token}`, {}],
      ['', { cookie: `__session=${token}`, origin: worker.origin }],
    ] as const) {
      const response = await fetch(`${worker.origin}/parties/main/x${search}`, { headers })
      said.push(`${JSON.stringify([...response.headers])} ${await response.text()}`)
    }
  }
  // There was something to leak: people were let in, and failures were logged.
  expect(said.join('\n')).toContain('x-verified-subject')
  await worker.logged('the session service gave no usable answer (500)')
  for (const secret of [...tokens, SERVER_SECRET, CLIENT_SECRET, btoa(`gate:${CLIENT_SECRET}`)]) {
    expect(said.join('\n').includes(secret), `a caller was told ${secret}`).toBe(false)
    expect(worker.logs().includes(secret), `a log line holds ${secret}`).toBe(false)
  }
  const lines = [...asked.values()].flat().map(({ line }) => line)
  expect(new Set(lines)).toEqual(new Set(['POST /introspect', 'GET /cookie']))
})
