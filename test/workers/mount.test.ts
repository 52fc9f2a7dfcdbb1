import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { Hono } from 'hono'
import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { closeOf, codeOf, ORIGIN } from '../fixtures/counted-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import {
  createGate,
  jwt,
  type Claims,
  type GateEnv,
  type GateOptions,
  type Identity,
  type Refusal,
} from '../../src/portico.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'

const options: GateOptions<Cloudflare.Env> = {
  verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
  rooms: { main: { binding: 'ECHO_ROOM' } },
}

const gate = createGate(options)

type Outcome = readonly [Identity | undefined, Refusal | undefined]

/** An application with routes of its own on both sides of the gate. */
function application(outcomes: Outcome[] = []): Hono<GateEnv> {
  return new Hono<GateEnv>()
    .use(async (c, next) => {
      await next()
      outcomes.push([c.var.identity, c.var.refusal])
    })
    .get('/before', (c) => c.text('before'))
    .route('/', gate)
    .get('/after', (c) => c.text('after'))
    .get('/party', (c) => c.text('not reached'))
    .notFound((c) => c.text('the application has no such page', 404))
}

function send(
  app: Pick<Hono<GateEnv>, 'fetch'>,
  path: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  const request = new Request(ORIGIN + path, { headers })
  return Promise.resolve(app.fetch(request, env, createExecutionContext()))
}

async function greeting({ webSocket }: Response): Promise<Seen> {
  if (webSocket === null) throw new Error('the room gave no socket')
  const seen = await new Promise<Seen>((resolve) => {
    webSocket.addEventListener('message', ({ data }) => resolve(JSON.parse(String(data)) as Seen))
    webSocket.accept()
  })
  webSocket.close()
  return seen
}

describe('a gate with app.route', () => {
  it.for([
    ['/before', 200, 'before'],
    ['/after', 200, 'after'],
    ['/elsewhere', 404, 'the application has no such page'],
    ['/partying', 404, 'the application has no such page'],
    ['/', 404, 'the application has no such page'],
  ] as const)('leaves the other paths to the application: %s', async ([path, status, body]) => {
    const response = await send(application(), path)
    expect([response.status, await response.text()]).toEqual([status, body])
  })

  it('answers for its own paths, in front of routes that come later', async () => {
    const response = await send(application(), '/party')
    expect([response.status, await codeOf(response)]).toEqual([400, 'request_malformed'])
  })

  it('keeps other people away from its own paths', async () => {
    const response = await send(application(), '/party/x')
    expect([response.status, await codeOf(response)]).toEqual([401, 'credential_missing'])
  })

  it('lets a socket through, and its close', async () => {
    const authorization = await mintToken()
    const opened = await send(application(), '/party/x', { upgrade: 'websocket', authorization })
    expect(await greeting(opened)).toMatchObject({ url: `${ORIGIN}/party/x` })
    const upgrade = { upgrade: 'websocket', origin: 'https://app.example' }
    const refused = await closeOf(await send(application(), '/party/x', upgrade))
    expect(refused).toMatchObject({ code: 4401, reason: '{"code":"credential_missing"}' })
  })

  it('tells the middleware around it who was let through, or why not', async () => {
    const outcomes: Outcome[] = []
    const app = application(outcomes)
    await send(app, '/party/x', { authorization: await mintToken({ role: 'admin' }) })
    await send(app, '/party/x')
    await send(app, '/after')
    const [passed, refused, untouched] = outcomes
    expect(passed?.[0]).toMatchObject({ subject: 'alice', claims: { role: 'admin' } })
    expect(passed?.[1]).toBeUndefined()
    expect(refused?.[0]).toBeUndefined()
    expect(refused?.[1]).toMatchObject({ code: 'credential_missing' })
    expect(untouched).toEqual([undefined, undefined])
  })

  it('runs behind middleware that stands in front of it', async () => {
    const app = new Hono<GateEnv>()
      .use('/party/*', (c) => Promise.resolve(c.text('closed for the night', 503)))
      .route('/', gate)
    const response = await send(app, '/party/x', { authorization: await mintToken() })
    expect([response.status, await response.text()]).toEqual([503, 'closed for the night'])
  })
})

describe('a gate with app.mount', () => {
  const app = new Hono<GateEnv>()
    .get('/before', (c) => c.text('before'))
    .mount('/base', gate.fetch)
    .get('/after', (c) => c.text('after'))

  it('serves its rooms below the base', async () => {
    const response = await send(app, '/base/party/x/deep?a=1', {
      authorization: await mintToken(),
    })
    const seen = await response.json<Seen>()
    expect(seen.url).toBe(`${ORIGIN}/party/x/deep?a=1`)
    expect(seen.headers).toMatchObject({ 'x-verified-subject': 'alice' })
  })

  it('serves nothing beside the base', async () => {
    const response = await send(app, '/party/x', { authorization: await mintToken() })
    expect([response.status, await response.text()]).toEqual([404, '404 Not Found'])
    for (const path of ['/before', '/after']) expect((await send(app, path)).status).toBe(200)
  })

  it('answers itself for what is not there below the base', async () => {
    const response = await send(app, '/base/elsewhere')
    expect([response.status, await codeOf(response)]).toEqual([404, 'route_unknown'])
  })

  it('lets a socket through, and its close', async () => {
    const authorization = await mintToken()
    const opened = await send(app, '/base/party/x', { upgrade: 'WebSocket', authorization })
    expect(await greeting(opened)).toMatchObject({ url: `${ORIGIN}/party/x` })
    const upgrade = { upgrade: 'websocket', origin: 'https://app.example' }
    const refused = await closeOf(await send(app, '/base/party/x', upgrade))
    expect(refused).toMatchObject({ code: 4401, reason: '{"code":"credential_missing"}' })
  })
})

describe('a gate that is the whole Worker', () => {
  it('answers 404 with a problem for a path that is none of its own', async () => {
    const response = await send(gate, '/elsewhere')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect([response.status, await codeOf(response)]).toEqual([404, 'route_unknown'])
  })
})

describe('options made from env', () => {
  let log: MockInstance<typeof console.error>

  beforeEach(() => {
    log = vi.spyOn(console, 'error').mockReturnValue()
  })

  afterEach(() => log.mockRestore())

  it('are made once, at the first request', async () => {
    const seen: unknown[] = []
    const late = createGate<Cloudflare.Env>((bindings) => {
      seen.push(bindings)
      return { ...options, rooms: { main: { binding: bindings.ECHO_ROOM } } }
    })
    expect(seen).toEqual([])
    const headers = { authorization: await mintToken() }
    for (const path of ['/party/x', '/party/y']) {
      expect((await send(late, path, headers)).status).toBe(200)
    }
    expect(seen).toHaveLength(1)
    expect(seen[0]).toBe(env)
  })

  const wrong: readonly [string, GateOptions<Cloudflare.Env>, string][] = [
    [
      'a binding that is not there',
      { ...options, rooms: { main: { binding: 'MISSING' as 'ECHO_ROOM' } } },
      'rooms.main.binding: "MISSING"',
    ],
    [
      'a party without a verifier',
      { rooms: { main: { binding: 'ECHO_ROOM' } } },
      'verify: rooms.main',
    ],
    [
      'a party whose hook is missing',
      { rooms: { main: { binding: 'ECHO_ROOM', auth: 'hook' } } },
      'rooms.main: auth',
    ],
    ['an origin that is none', { ...options, cors: { origins: ['app.example'] } }, 'cors.origins'],
  ]

  it.for(wrong)('refuse every request and name what is wrong: %s', async ([, bad, name]) => {
    const misconfigured = createGate<Cloudflare.Env>(() => bad)
    const authorization = await mintToken()
    for (const path of ['/party/x', '/party/x', '/_portico/health', '/elsewhere']) {
      const response = await send(misconfigured, path, { authorization })
      expect(response.status).toBe(500)
      const detail: unknown = expect.stringContaining(name)
      expect(await response.json()).toMatchObject({ code: 'gate_misconfigured', detail })
    }
    expect(log.mock.calls).toEqual([[expect.stringContaining(name)]])
  })

  it('refuse every request where making them fails, and keep the reason to the log', async () => {
    const broken = createGate<Cloudflare.Env>(() => {
      throw new Error('postgres://admin:hunter2@db')
    })
    const response = await send(broken, '/party/x')
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain('hunter2')
  })
})

it('types the identity by the claims of the verifier', async () => {
  interface Role extends Claims {
    readonly role: string
  }
  const roles: string[] = []
  const typed = createGate({
    verify: jwt<Role>({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
    rooms: { main: { binding: 'ECHO_ROOM' } },
    onBeforeRequest: (_, { identity }) => void roles.push(identity?.claims.role ?? 'nobody'),
  })
  const app = new Hono<GateEnv<Cloudflare.Env, Role>>()
    .use(async (c, next) => {
      await next()
      roles.push(c.var.identity?.claims.role ?? 'nobody')
    })
    .route('/', typed)
  const request = new Request(`${ORIGIN}/party/x`, {
    headers: { authorization: await mintToken({ role: 'admin' }) },
  })
  await app.fetch(request, env, createExecutionContext())
  expect(roles).toEqual(['admin', 'admin'])
})
