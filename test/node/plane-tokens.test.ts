import { afterAll, beforeAll, expect, it } from 'vitest'
import { rawRequest } from '../support/raw-request.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
/** One that remembers for long whom it let in, and does not wait for a backend that is starting. */
let remembering: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
  remembering = await serveConnections({ rememberSeconds: 60, startSeconds: 0 })
})
afterAll(async () => {
  await gate.stop()
  await remembering.stop()
})

/** Status, and `code` where the gate itself answered. */
async function opened(
  token: string,
  path = '/',
  init?: RequestInit,
  by: ConnectionGate = gate,
): Promise<string> {
  const response = await fetch(by.url(`/${token}${path}`), init)
  if (response.status === 200) return '200'
  const { code } = (await response.json()) as { code: string }
  return `${response.status} ${code}`
}

async function revoked(request: object): Promise<unknown> {
  const response = await gate.control('/ctrl/revoke', request)
  return ((await response.json()) as Record<string, unknown>)['tokens_revoked']
}

it('revokes the tokens of a user, and no other', async () => {
  const key = { name: 'revoked by user' }
  const alice = [
    await gate.connect({ key, user: 'alice' }),
    await gate.connect({ key, user: 'alice' }),
  ]
  const others = [await gate.connect({ key, user: 'bob' }), await gate.connect({ key })]
  const backend_id = alice[0]?.backend_id
  const response = await gate.control('/ctrl/b/revoke', { backend_id, user: 'alice' })
  expect([response.status, await response.json()]).toEqual([200, 'Token revoked successfully'])
  expect(response.headers.get('x-portico-tokens-revoked')).toBe('2')
  for (const { token } of alice) expect(await opened(token)).toBe('410 token_revoked')
  for (const { token } of others) expect(await opened(token)).toBe('200')
})

it('revokes one token by its id, those of a key, and all of a backend', async () => {
  const key = { name: 'revoked by id' }
  const [first, second, third] = [
    await gate.connect({ key }),
    await gate.connect({ key, user: 'bob' }),
    await gate.connect({ key }),
  ]
  expect(await revoked({ token_id: first.token_id })).toBe(1)
  expect([await opened(first.token), await opened(second.token)]).toEqual([
    '410 token_revoked',
    '200',
  ])
  expect(await revoked({ key, user: 'bob' })).toBe(1)
  expect([await opened(second.token), await opened(third.token)]).toEqual([
    '410 token_revoked',
    '200',
  ])
  expect(await revoked({ backend_id: first.backend_id })).toBe(1)
  expect(await opened(third.token)).toBe('410 token_revoked')
  expect(await revoked({ backend_id: first.backend_id })).toBe(0)
})

it('revokes a static token, and gives out another one afterwards', async () => {
  const key = { name: 'revoked static' }
  const first = await gate.connect({ key }, { use_static_token: true })
  expect(await revoked({ token_id: first.token_id })).toBe(1)
  expect(await opened(first.token)).toBe('410 token_revoked')
  const second = await gate.connect({ key }, null)
  expect(second.token).not.toBe(first.token)
  expect(await opened(second.token)).toBe('200')
  expect(await opened(first.token)).toBe('410 token_revoked')
})

it('says how long another isolate may still let a revoked token in', async () => {
  const { token, backend_id } = await remembering.connect()
  expect(await opened(token, '/', {}, remembering)).toBe('200')
  const answer = await remembering.control('/ctrl/revoke', { backend_id })
  expect(await answer.json()).toMatchObject({ tokens_revoked: 1, within_seconds: 60 })
  // This one has just been told.
  expect(await opened(token, '/', {}, remembering)).toBe('410 token_revoked')
  const strict = await gate.control('/ctrl/revoke', { backend_id: 'nobody' })
  expect(await strict.json()).toMatchObject({ within_seconds: 0 })
})

it('costs one object call for each use', async () => {
  const { token } = await gate.connect()
  const before = await gate.reached()
  await opened(token)
  await opened(token)
  expect((await gate.reached()) - before).toBe(2)
})

it('ends a token when its time is over, without asking its backend', async () => {
  const { token, expires_at } = await gate.connect({ expires_in_seconds: 2 })
  expect(await untilRefused(token, gate)).toBe('410 token_expired')
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(expires_at ?? ''))
  const before = await gate.reached()
  expect(await opened(token)).toBe('410 token_expired')
  expect(await gate.reached()).toBe(before)
})

it('ends a token that it remembers when its time is over', async () => {
  const { token } = await remembering.connect({ expires_in_seconds: 2 })
  expect(await untilRefused(token, remembering)).toBe('410 token_expired')
})

/** Uses a token until it opens nothing any more: the clock that decides is the gate's. */
async function untilRefused(token: string, by: ConnectionGate): Promise<string> {
  for (;;) {
    const answer = await opened(token, '/', {}, by)
    if (answer !== '200') return answer
  }
}

it.for(['remembers nothing', 'remembers tokens'])(
  'invalidates the route of a backend that has ended, in a gate that %s',
  async (kind) => {
    const by = kind === 'remembers nothing' ? gate : remembering
    const { token, backend_id } = await by.connect()
    expect(await opened(token, '/', {}, by)).toBe('200')
    await by.control(`/ctrl/b/${backend_id}/hard-terminate`)
    expect(await opened(token, '/', {}, by)).toBe('410 backend_gone')
  },
)

it('does not lead an old token to the backend that has the key now', async () => {
  const key = { name: 'taken over' }
  const first = await remembering.connect({ key, user: 'alice' })
  expect(await opened(first.token, '/', {}, remembering)).toBe('200')
  await remembering.control(`/ctrl/b/${first.backend_id}/soft-terminate`)
  const second = await remembering.connect({ key, user: 'bob' })
  expect(await opened(second.token, '/', {}, remembering)).toBe('200')
  expect(await opened(first.token, '/', {}, remembering)).toBe('410 backend_gone')
})

it('remembers no refusal (negative cache): what was refused opens once it may', async () => {
  const backendId = 'refused-at-first'
  await remembering.start({ backendId, key: backendId })
  const { token } = await remembering.connect({ key: { name: backendId } }, null)
  const first = await fetch(remembering.url(`/${token}/`))
  await remembering.report({
    backendId,
    entry: { status: 'ready', time: Date.now() },
    address: { kind: 'origin', origin: remembering.backend.origin },
  })
  const second = await fetch(remembering.url(`/${token}/`))
  expect([first.status, second.status]).toEqual([502, 200])
})

it.for(['remembers nothing', 'remembers tokens'])(
  'lets a token for one use in once, by a gate that %s',
  async (kind) => {
    const by = kind === 'remembers nothing' ? gate : remembering
    const { token } = await by.connect({ max_uses: 1 })
    const uses = [await opened(token, '/', {}, by), await opened(token, '/', {}, by)]
    expect(uses).toEqual(['200', '410 token_revoked'])
  },
)

it('holds a token that it remembers to its scope', async () => {
  const { token } = await remembering.connect({ scope: { path: '/docs', methods: ['GET'] } })
  const open = (path: string, init?: RequestInit) => opened(token, path, init, remembering)
  expect(await open('/docs')).toBe('200')
  const before = await remembering.reached()
  expect(await open('/other')).toBe('403 forbidden')
  expect(await open('/docs', { method: 'POST' })).toBe('403 forbidden')
  expect(await remembering.reached()).toBe(before)
})

it('holds a token that it remembers to its host', async () => {
  const host = new URL(remembering.worker.origin).host
  const { token } = await remembering.connect({}, { cluster: host })
  expect(await opened(token, '/', {}, remembering)).toBe('200')
  const response = await rawRequest(remembering.worker.port, [
    `GET /${token}/ HTTP/1.1`,
    'Host: other.example',
  ])
  expect(response).toMatch(/^HTTP\/1\.1 403 /)
})

it('tells strangers nothing: every cause looks like every other, byte for byte', async () => {
  const { token } = await gate.connect()
  const forged = token.slice(0, -1) + (token.endsWith('A') ? 'Q' : 'A')
  const wrong = ['a-token-that-nobody-has-made', forged, `s.${token}`, token.slice(0, -4)]
  const answers = wrong.map(async (text) => {
    const response = await fetch(gate.url(`/${text}/`))
    const headers = [...response.headers].filter(([name]) => name !== 'date')
    return JSON.stringify([response.status, headers, await response.text()])
  })
  const [first, ...others] = await Promise.all(answers)
  expect(first).toMatch(/^\[410,.*backend_gone/)
  expect(new Set(others)).toEqual(new Set([first]))
})

it.for<[what: string, request: object, path: string, init: RequestInit, expected: string]>([
  [
    'its origin',
    { origin: 'https://a.example' },
    '/',
    { headers: { origin: 'https://a.example' } },
    '200',
  ],
  ['no origin', { origin: 'https://a.example' }, '/', {}, '403 origin_refused'],
  [
    'another origin',
    { origin: 'https://a.example' },
    '/',
    { headers: { origin: 'https://a.example.evil.example' } },
    '403 origin_refused',
  ],
  ['a path of its scope', { scope: { path: '/docs' } }, '/docs/1', {}, '200'],
  ['a path beside its scope', { scope: { path: '/docs' } }, '/docs2', {}, '403 forbidden'],
  ['an encoded path', { scope: { path: '/docs' } }, '/docs%2F1', {}, '403 forbidden'],
  ['another method', { scope: { methods: ['GET'] } }, '/', { method: 'POST' }, '403 forbidden'],
  ['its method', { scope: { methods: ['POST'] } }, '/', { method: 'POST' }, '200'],
])('binds a token: with %s', async ([, request, path, init, expected]) => {
  const { token } = await gate.connect(request)
  expect(await opened(token, path, init)).toBe(expected)
})
