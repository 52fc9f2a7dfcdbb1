import { expect, it, vi } from 'vitest'
import type { Connected } from '../../src/connection/connections.ts'
import { CONNECTED, controlClient, ORIGIN } from '../fixtures/control-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const executable = { origin: 'http://127.0.0.1:9000' }
const LONG = 'n'.repeat(513)

const ORDER = {
  key: undefined,
  spawn: undefined,
  user: undefined,
  auth: undefined,
  expiresInSeconds: undefined,
  maxUses: undefined,
  origin: undefined,
  methods: undefined,
  path: undefined,
}

const SPAWN = {
  id: undefined,
  cluster: undefined,
  subdomain: undefined,
  executable,
  lifetimeLimitSeconds: undefined,
  maxIdleSeconds: undefined,
  useStaticToken: false,
  isOpen: false,
}

it.for<[body: object, order: object]>([
  [{}, {}],
  [{ key: { name: 'k' } }, { key: { name: 'k', namespace: '', tag: '' } }],
  [
    { key: { name: 'k/é', namespace: 'n', tag: 't' } },
    { key: { name: 'k/é', namespace: 'n', tag: 't' } },
  ],
  [{ spawn_config: { executable } }, { spawn: SPAWN }],
  [{ spawn_config: { executable: null } }, { spawn: { ...SPAWN, executable: null } }],
  [
    { spawn_config: { executable: { size: 0.5, most: Number.MAX_SAFE_INTEGER } } },
    { spawn: { ...SPAWN, executable: { size: 0.5, most: Number.MAX_SAFE_INTEGER } } },
  ],
  ...[
    'localhost',
    'a.example:80',
    'a.example:443',
    '127.0.0.1:8080',
    `${'n'.repeat(63)}.example`,
  ].map((cluster): [object, object] => [
    { spawn_config: { executable, cluster } },
    { spawn: { ...SPAWN, cluster } },
  ]),
  [
    {
      spawn_config: {
        executable,
        id: 'my-backend-1',
        cluster: 'Rooms.Example:8080',
        pool: 'gpu',
        lifetime_limit_seconds: 60,
        max_idle_seconds: 2_147_483_647,
        use_static_token: true,
        subdomain: 'Doc-1',
      },
    },
    {
      spawn: {
        id: 'my-backend-1',
        cluster: 'rooms.example:8080',
        subdomain: 'doc-1',
        executable,
        lifetimeLimitSeconds: 60,
        maxIdleSeconds: 2_147_483_647,
        useStaticToken: true,
        isOpen: false,
      },
    },
  ],
  [
    { user: 'Zoë', auth: { role: 'admin' } },
    { user: 'Zoë', auth: { role: 'admin' } },
  ],
  [{ auth: {} }, {}],
  [
    { expires_in_seconds: 1, max_uses: 1 },
    { expiresInSeconds: 1, maxUses: 1 },
  ],
  [{ expires_in_seconds: 2_592_000 }, { expiresInSeconds: 2_592_000 }],
  [{ origin: 'https://app.example.com' }, { origin: 'https://app.example.com' }],
  [
    { scope: { methods: ['get', 'POST'], path: '/docs/a%20b' } },
    { methods: ['GET', 'POST'], path: '/docs/a%20b' },
  ],
  [
    { anything: 'else', key: { name: 'k', colour: 'red' } },
    {
      key: { name: 'k', namespace: '', tag: '' },
    },
  ],
])('reads %o', async ([body, order]) => {
  const { post, calls } = controlClient()
  expect((await post('/ctrl/connect', body)).status).toBe(200)
  expect(calls).toEqual([['connect', { ...ORDER, ...order }]])
})

it('takes null where Plane takes it, for a field that is not there', async () => {
  const { post, calls } = controlClient()
  const optional = {
    ...{ id: null, cluster: null, subdomain: null },
    ...{ lifetime_limit_seconds: null, max_idle_seconds: null },
  }
  const own = { expires_in_seconds: null, max_uses: null, origin: null, scope: null }
  const body = { key: null, user: null, spawn_config: { executable, ...optional }, ...own }
  expect((await post('/ctrl/connect', body)).status).toBe(200)
  const none = { key: null, spawn_config: null, scope: { methods: null, path: null } }
  expect((await post('/ctrl/connect', none)).status).toBe(200)
  expect(calls).toEqual([
    ['connect', { ...ORDER, spawn: SPAWN }],
    ['connect', ORDER],
  ])
})

it('keeps auth as it came, with names that JavaScript has a meaning for', async () => {
  const { post, calls } = controlClient()
  await post('/ctrl/connect', '{"auth":{"__proto__":{"admin":true},"constructor":1}}')
  const [, order] = calls[0] ?? []
  expect(JSON.stringify(Reflect.get(order as object, 'auth'))).toBe(
    '{"__proto__":{"admin":true},"constructor":1}',
  )
})

it.for<[field: string, body: unknown]>([
  ['the body', null],
  ['the body', []],
  ['the body', 'text in JSON'],
  ['key', { key: 'k' }],
  ['key.name', { key: {} }],
  ['key.name', { key: { name: '' } }],
  ['key.name', { key: { name: 1 } }],
  ['key.name', { key: { name: LONG } }],
  ['key.name', { key: { name: 'é'.repeat(257) } }],
  ['key.name', '{"key":{"name":"\\ud800"}}'],
  ['key.namespace', { key: { name: 'k', namespace: null } }],
  ['key.namespace', { key: { name: 'k', namespace: LONG } }],
  ['key.namespace', '{"key":{"name":"k","namespace":"\\ud800"}}'],
  ['key.tag', { key: { name: 'k', tag: null } }],
  ['key.tag', { key: { name: 'k', tag: LONG } }],
  ['spawn_config', { spawn_config: [] }],
  ['spawn_config.executable', { spawn_config: {} }],
  ['spawn_config.executable', { spawn_config: { executable: 'x'.repeat(1024 * 1024) } }],
  ['spawn_config.executable', '{"spawn_config":{"executable":{"id":9007199254740993}}}'],
  ['spawn_config.executable', '{"spawn_config":{"executable":{"ids":[1,{"id":1e400}]}}}'],
  ['spawn_config.id', { spawn_config: { executable, id: '' } }],
  ['spawn_config.id', { spawn_config: { executable, id: 'n'.repeat(46) } }],
  ['spawn_config.id', { spawn_config: { executable, id: 'Upper' } }],
  ['spawn_config.id', { spawn_config: { executable, id: 'a/../b' } }],
  ['spawn_config.id', { spawn_config: { executable, id: 'line\n' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: '' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'https://a.example' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a.example/path' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'user@a.example' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a.example:0' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a.example:65536' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a.example:x' } }],
  ...['a..b', '1.2.3', '127.1', '0x7f.1', '0177.0.0.1', '2130706433', '1.2.3.256'].map(
    (cluster): [string, unknown] => [
      'spawn_config.cluster',
      { spawn_config: { executable, cluster } },
    ],
  ),
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a-.example' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a.example:080' } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: `${'n'.repeat(64)}.example` } }],
  ['spawn_config.cluster', { spawn_config: { executable, cluster: 'a.'.repeat(130) + 'b' } }],
  [
    'spawn_config.subdomain',
    { spawn_config: { executable, subdomain: 'doc', cluster: '127.0.0.1:8080' } },
  ],
  ['spawn_config.subdomain', { spawn_config: { executable, subdomain: '' } }],
  ['spawn_config.subdomain', { spawn_config: { executable, subdomain: '-a' } }],
  ['spawn_config.subdomain', { spawn_config: { executable, subdomain: 'a-' } }],
  ['spawn_config.subdomain', { spawn_config: { executable, subdomain: 'a.b' } }],
  ['spawn_config.subdomain', { spawn_config: { executable, subdomain: 'é' } }],
  ['spawn_config.pool', { spawn_config: { executable, pool: null } }],
  ['spawn_config.use_static_token', { spawn_config: { executable, use_static_token: null } }],
  ['spawn_config.use_static_token', { spawn_config: { executable, use_static_token: 'yes' } }],
  ...[-1, 0, 1.5, 2_147_483_648, '60'].flatMap((seconds): [string, unknown][] => [
    [
      'spawn_config.lifetime_limit_seconds',
      { spawn_config: { executable, lifetime_limit_seconds: seconds } },
    ],
    ['spawn_config.max_idle_seconds', { spawn_config: { executable, max_idle_seconds: seconds } }],
  ]),
  ['user', { user: 1 }],
  ['user', '{"user":"\\ud800"}'],
  ['auth', { auth: null }],
  ['auth', { auth: [] }],
  ['auth', { auth: 'text' }],
  ['auth', '{"auth":{"id":9007199254740993}}'],
  ['auth', '{"auth":{"ids":[1,{"id":1e400}]}}'],
  ['expires_in_seconds', { expires_in_seconds: 0 }],
  ['expires_in_seconds', { expires_in_seconds: 2_592_001 }],
  ['expires_in_seconds', { expires_in_seconds: 1.5 }],
  ['max_uses', { max_uses: 0 }],
  ['origin', { origin: 'https://app.example.com/' }],
  ['origin', { origin: 'https://APP.example.com' }],
  ['origin', { origin: 'null' }],
  ['origin', { origin: 'ftp://app.example.com' }],
  ['scope', { scope: [] }],
  ['scope', { scope: { method: ['GET'] } }],
  ['scope', { scope: { methods: ['GET'], paths: '/docs' } }],
  ['scope.methods', { scope: { methods: [] } }],
  ['scope.methods[1]', { scope: { methods: ['GET', 'G T'] } }],
  ['scope.methods', { scope: { methods: Array.from({ length: 17 }, () => 'GET') } }],
  ['scope.path', { scope: { path: '' } }],
  ['scope.path', { scope: { path: 'docs' } }],
  ['scope.path', { scope: { path: '/docs/../x' } }],
  ['scope.path', { scope: { path: '/docs/%2e%2e/x' } }],
  ['scope.path', { scope: { path: '/docs%zz' } }],
  ['scope.path', { scope: { path: '/docs?x=1' } }],
  ['scope.path', { scope: { path: '/dócs' } }],
])('refuses a wrong %s: %o', async ([field, body]) => {
  const { post, calls } = controlClient()
  const response = await post(
    '/ctrl/connect',
    typeof body === 'string' && body.startsWith('{') ? body : JSON.stringify(body),
  )
  const { id, kind, message, ...others } = await response.json<Record<string, string>>()
  expect([response.status, kind, others]).toEqual([422, 'InvalidRequest', {}])
  expect(id).toMatch(/^[a-z0-9]{14}$/)
  const problems = message?.split('; ') ?? []
  expect(problems[0]?.slice(0, field.length + 2)).toBe(`${field}: `)
  expect(problems).toEqual([...new Set(problems)])
  expect(calls).toEqual([])
})

it('names every field that is wrong', async () => {
  const response = await controlClient().post('/ctrl/connect', {
    key: { name: '' },
    spawn_config: { executable, lifetime_limit_seconds: -1 },
  })
  const { message } = await response.json<{ message: string }>()
  expect(message).toMatch(/^key\.name: .*; spawn_config\.lifetime_limit_seconds: /)
})

it.for<[message: string, body: object]>([
  ['spawn_config.executable: it is missing', { spawn_config: {} }],
  [
    'scope: expected {"methods"?, "path"?}, and nothing else',
    { scope: { method: ['a value that nobody is told'] } },
  ],
])('says what is wrong: %s', async ([message, body]) => {
  const response = await controlClient().post('/ctrl/connect', body)
  expect(await response.json()).toMatchObject({ kind: 'InvalidRequest', message })
})

it.for<[field: string, given: object]>([
  ['user', { user: 'alice' }],
  ['user', { user: '' }],
  ['auth', { auth: { role: 'admin' } }],
  ['expires_in_seconds', { expires_in_seconds: 60 }],
  ['max_uses', { max_uses: 1 }],
  ['origin', { origin: 'https://app.example.com' }],
  ['scope', { scope: { path: '/docs' } }],
])('refuses what would not hold for a static token: %s', async ([field, given]) => {
  const { post, calls } = controlClient()
  const spawn_config = { executable, use_static_token: true }
  const response = await post('/ctrl/connect', { spawn_config, ...given })
  const { message } = await response.json<{ message: string }>()
  expect([response.status, message]).toEqual([422, `${field}: a static token cannot have it`])
  expect(calls).toEqual([])
  const without = await post('/ctrl/connect', { spawn_config, user: null, auth: {} })
  expect(without.status).toBe(200)
})

it.for<[field: string, largest: string, fits: object, isTooLarge: object]>([
  ['user', 'x-verified-username', { user: 'u'.repeat(7000) }, { user: 'u'.repeat(8000) }],
  ['user', 'x-verified-username', { user: 'ü'.repeat(1000) }, { user: 'ü'.repeat(1400) }],
  [
    'auth',
    'x-verified-user-data',
    { user: 'u', auth: { a: 'x'.repeat(7000) } },
    { user: 'u', auth: { a: 'x'.repeat(8000) } },
  ],
  [
    'auth',
    'x-verified-user-data',
    { auth: { a: 'ü'.repeat(1000) } },
    { auth: { a: 'ü'.repeat(1400) } },
  ],
])('refuses a %s that headers cannot carry, and names %s', async (row) => {
  const [field, largest, fits, isTooLarge] = row
  const { post, calls } = controlClient()
  expect((await post('/ctrl/connect', fits)).status).toBe(200)
  const response = await post('/ctrl/connect', isTooLarge)
  const { message } = await response.json<{ message: string }>()
  expect(response.status).toBe(422)
  expect(message.startsWith(`${field}: `)).toBe(true)
  expect(message).toContain(`the largest, ${largest}, takes `)
  expect(calls.length).toBe(1)
})

it.for<[field: string, before: string, after: string]>([
  ['auth', '{"auth":', '}'],
  ['spawn_config.executable', '{"spawn_config":{"executable":', '}}'],
])('refuses a %s that is nested too deep', async ([field, before, after]) => {
  const nested = (levels: number) =>
    `${before}${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}${after}`
  const { post } = controlClient()
  expect((await post('/ctrl/connect', nested(64))).status).toBe(200)
  for (const levels of [65, 100_000]) {
    const response = await post('/ctrl/connect', nested(levels))
    const { message } = await response.json<{ message: string }>()
    expect(response.status).toBe(422)
    expect(message).toMatch(new RegExp(`^${field}: expected .*64 levels$`))
  }
})

it('is answered with all of Plane’s fields and its own, and never stored', async () => {
  const response = await controlClient().post('/ctrl/connect', {})
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toEqual({
    backend_id: 'b1',
    spawned: true,
    status: 'scheduled',
    token: 'the-token',
    url: `${ORIGIN}/the-token/`,
    subdomain: null,
    secret_token: 'the-secret',
    status_url: `${ORIGIN}/pub/b/b1/status`,
    drone: null,
    token_id: 'tk-1',
    expires_at: '2027-01-15T08:00:00.000Z',
  })
})

it('has null for what a static token does not have', async () => {
  const value = { ...CONNECTED, secretToken: undefined, expiresAt: undefined }
  const { post } = controlClient({ connect: async () => ({ ok: true, value }) })
  const answer = await (await post('/ctrl/connect', {})).json()
  expect(answer).toMatchObject({ secret_token: null, expires_at: null, subdomain: null })
})

it.for<[at: string, made: Partial<Connected>, url: string]>([
  ['https://gate.example', {}, 'https://gate.example/the-token/'],
  ['http://localhost:8787', {}, 'http://localhost:8787/the-token/'],
  ['http://localhost:8787', { subdomain: 'doc' }, 'http://doc.localhost:8787/the-token/'],
  ['http://a', { cluster: 'rooms.example' }, 'https://rooms.example/the-token/'],
  ['http://a', { cluster: 'rooms.example:443' }, 'https://rooms.example:443/the-token/'],
  ['https://a', { cluster: 'localhost:9090' }, 'http://localhost:9090/the-token/'],
  [
    'https://a',
    { cluster: 'rooms.example', subdomain: 'doc' },
    'https://doc.rooms.example/the-token/',
  ],
])('subdomains: called at %s, a backend with %o is at %s', async ([at, made, url]) => {
  const value = { ...CONNECTED, ...made }
  const { post } = controlClient({ connect: async () => ({ ok: true, value }) })
  const answer = await (await post(`${at}/ctrl/connect`, {})).json<Record<string, unknown>>()
  expect(answer['url']).toBe(url)
  expect(answer['status_url']).toBe(`${at}/pub/b/b1/status`)
  expect(answer['subdomain']).toBe(made.subdomain ?? null)
})
