import { expect, it, vi } from 'vitest'
import { ADMIN, CONNECT, READ } from '../fixtures/control-client.ts'
import { jamsocketClient } from '../fixtures/jamsocket-client.ts'

const logged = vi.spyOn(console, 'error').mockImplementation(() => undefined)

const everything = [
  ['POST', '/v2/service/acme/notes/connect', 'connect', 200],
  ['POST', '/v2/service/acme/notes/staging/connect', 'connect', 200],
  ['GET', '/v2/backend/nobody', 'read', 404],
  ['POST', '/v2/backend/nobody/terminate', 'admin', 404],
  ['GET', '/v2/account/acme/backends', 'read', 200],
  ['POST', '/service/acme/notes/terminate-backends', 'admin', 200],
  ['POST', '/v1/user/acme/service/notes/spawn', 'connect', 200],
  ['POST', '/v1/backend/nobody/terminate', 'admin', 404],
] as const
const BODY = JSON.stringify({ before: '2000-01-01T00:00:00Z' })

const keys = [
  ['connect', CONNECT],
  ['read', READ],
  ['admin', ADMIN],
] as const

it.for(everything)('%s %s is done with a key for %s, or for everything', async (row) => {
  const [method, path, scope, done] = row
  for (const [own, key] of keys) {
    const response = await jamsocketClient().send(path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: method === 'GET' ? null : BODY,
    })
    const isAllowed = own === 'admin' || own === scope
    expect([own, response.status]).toEqual([own, isAllowed ? done : 403])
    if (isAllowed) continue
    expect(response.headers.get('www-authenticate')).toContain('error="insufficient_scope"')
    expect(await response.json()).toMatchObject({ error: { status: 403, code: 'Forbidden' } })
  }
})

it.for(keys)('tells whoever has a key for %s the accounts', async ([, key]) => {
  const headers = { authorization: `Bearer ${key}` }
  const response = await jamsocketClient().send('/auth', { headers })
  expect(await response.json()).toEqual({
    status: 'ok',
    accounts: ['acme', 'other'],
    is_admin: false,
  })
})

it.for([
  ['no key', {}],
  ['a wrong key', { authorization: `Bearer ${ADMIN.replace('an', 'no')}` }],
  ['a shorter key', { authorization: `Bearer ${ADMIN.slice(0, -1)}` }],
  ['a longer key', { authorization: `Bearer ${ADMIN}x` }],
  ['the key by another scheme', { authorization: `Basic ${ADMIN}` }],
  ['a key in a cookie', { cookie: `__session=${ADMIN}` }],
] as const)('refuses %s, before it looks at anything else', async ([, headers]) => {
  const { send } = jamsocketClient()
  const strange = [
    ['GET', '/v1/nothing'],
    ['GET', '/v2/service/nobody/nothing/connect'],
    ['DELETE', '/v2/backend/nobody/status'],
    ['HEAD', '/auth'],
  ] as const
  for (const [method, path] of [...everything, ...strange]) {
    const body = method === 'POST' ? 'no JSON' : null
    const response = await send(`${path}?token=${ADMIN}`, { method, headers, body })
    expect([path, response.status]).toEqual([path, 401])
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm="portico"/)
  }
})

it.for([
  ['GET', '/v2/nothing', 404],
  ['GET', '/v1/user/acme/service/notes/spawn', 405],
  ['POST', '/v1/service/notes/spawn', 404],
  ['POST', '/v1/backend/b1/status', 405],
  ['GET', '/v2/service/acme/notes/connect', 405],
  ['POST', '/v2/backend/b1/status', 405],
  ['GET', '/v2/%5cauth', 400],
  ['GET', '/v2/backend/Not-An-Id', 404],
  ['GET', '/v2/backend/b1%2fstatus', 404],
] as const)('answers %s %s with %i in the form of its errors', async ([method, path, status]) => {
  logged.mockClear()
  const response = await jamsocketClient().send(path, {
    method,
    headers: { authorization: `Bearer ${ADMIN}` },
  })
  expect(response.status).toBe(status)
  expect(response.headers.get('content-type')).toBe('application/json')
  const answer = await response.json<{ error: { id: string } }>()
  expect(answer).toEqual({
    error: {
      message: expect.stringMatching(/^[A-Z].*|the path holds/),
      status,
      code: expect.stringMatching(/^[A-Z][A-Za-z]+$/),
      id: expect.stringMatching(/^[a-z0-9]{14}$/),
    },
  })
  expect(String(logged.mock.calls)).toContain(answer.error.id)
})

it.for(['/auth', '/v2/account/acme/backends'])('lets no page read %s', async (path) => {
  const response = await jamsocketClient().get(path)
  expect(response.status).toBe(200)
  expect(response.headers.get('access-control-allow-origin')).toBe(null)
})

it('tells nothing of what went wrong inside', async () => {
  logged.mockClear()
  const { get } = jamsocketClient({ backends: () => Promise.reject(new Error('hidden')) })
  const response = await get('/v2/account/acme/backends')
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ error: { status: 500, code: 'Other' } })
  expect(text).not.toContain('hidden')
})

it('says when to come back while the objects cannot be asked', async () => {
  const failure = { kind: 'StoreUnavailable', message: 'not now' } as const
  const { post } = jamsocketClient({ connect: async () => ({ ok: false, failure }) })
  const response = await post('/v2/service/acme/notes/connect', {})
  expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
  expect(await response.json()).toMatchObject({ error: { code: 'StoreUnavailable' } })
})

it.for([
  '/v2/backend/b1/status',
  '/v2/backend/b1/status/stream',
  '/v1/backend/b1/status',
  '/v1/backend/b1/status/stream',
  '/auth',
  '/v2/anything',
])('answers OPTIONS %s for every page, and lets none send a key', async (path) => {
  const response = await jamsocketClient().send(`${path}?x`, {
    method: 'OPTIONS',
    headers: { origin: 'https://a.example', 'access-control-request-method': 'GET' },
  })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(response.headers.get('access-control-allow-methods')).toBe('GET, POST')
  expect(response.headers.get('access-control-allow-headers')).toBe('content-type')
  expect(response.headers.get('access-control-allow-credentials')).toBe(null)
})
