import { expect, it, vi } from 'vitest'
import type { ControlKey } from '../../src/control/control-keys.ts'
import { ADMIN, CONNECT, controlClient, READ } from '../fixtures/control-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const everything = [
  ['POST', '/ctrl/connect', 'connect'],
  ['POST', '/ctrl/b/b1/soft-terminate', 'admin'],
  ['POST', '/ctrl/c/here/b/b1/soft-terminate', 'admin'],
  ['POST', '/ctrl/b/b1/hard-terminate', 'admin'],
  ['POST', '/ctrl/c/here/b/b1/hard-terminate', 'admin'],
  ['POST', '/ctrl/revoke', 'admin'],
  ['POST', '/ctrl/b/revoke', 'admin'],
  ['GET', '/ctrl/backends', 'read'],
  ['GET', '/ctrl/b/b1/tokens', 'read'],
  ['GET', '/ctrl/status', 'read'],
] as const

it.for(everything)('%s %s is done with a key for %s, or for everything', async (row) => {
  const [method, path, scope] = row
  const body = method === 'GET' ? null : '{"token_id":"tk-1"}'
  for (const [own, key] of [
    ['connect', CONNECT],
    ['read', READ],
    ['admin', ADMIN],
  ] as const) {
    const { send, as, calls } = controlClient()
    const headers = { ...as(key), 'content-type': 'application/json' }
    const response = await send(path, { method, headers, body })
    const isAllowed = own === 'admin' || own === scope
    expect([own, response.status]).toEqual([own, isAllowed ? 200 : 403])
    if (isAllowed) continue
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer realm="portico", error="insufficient_scope", scope="${scope}"`,
    )
    expect(await response.json()).toMatchObject({ kind: 'Forbidden' })
    expect(calls).toEqual([])
  }
})

const nobody = [
  ['no key', {}, ''],
  ['a wrong key', { authorization: `Bearer ${ADMIN.replace('an', 'no')}` }, 'invalid_token'],
  ['a shorter key', { authorization: `Bearer ${ADMIN.slice(0, -1)}` }, 'invalid_token'],
  ['a longer key', { authorization: `Bearer ${ADMIN}x` }, 'invalid_token'],
  ['an endless key', { authorization: `Bearer ${'x'.repeat(4096)}` }, 'invalid_token'],
  ['two keys', { authorization: `Bearer ${ADMIN}, Bearer ${READ}` }, 'invalid_request'],
  ['a key in a cookie', { cookie: `__session=${ADMIN}` }, ''],
] as const

it.for(nobody)('refuses %s, before it reads the body', async ([, headers, error]) => {
  for (const [method, path] of everything) {
    const { send, calls } = controlClient()
    const body = method === 'GET' ? null : 'no JSON'
    const response = await send(`${path}?token=${ADMIN}`, { method, headers, body })
    expect([path, response.status]).toEqual([path, 401])
    const challenge = response.headers.get('www-authenticate')
    expect(challenge).toBe(`Bearer realm="portico"${error && `, error="${error}"`}`)
    expect(await response.json()).toMatchObject({ kind: 'Unauthorized' })
    expect(calls).toEqual([])
  }
})

it('does not tell strangers what is there', async () => {
  const { send } = controlClient()
  for (const [method, path] of [
    ['GET', '/ctrl/nothing'],
    ['GET', '/ctrl/connect'],
    ['DELETE', '/ctrl/b/b1/tokens'],
    ['OPTIONS', '/ctrl/connect'],
    ['HEAD', '/ctrl/status'],
  ] as const) {
    const response = await send(path, { method })
    expect([path, response.status]).toEqual([path, 401])
  }
})

it('accepts several keys of one scope while one replaces another', async () => {
  const keys = [
    { key: ADMIN, scope: 'read' },
    { key: READ, scope: 'read' },
  ] as const
  const { get, as } = controlClient({}, { keys })
  for (const key of [ADMIN, READ]) expect((await get('/ctrl/status', as(key))).status).toBe(200)
})

it.for<[named: string, keys: readonly unknown[]]>([
  ['connections.controlKeys', []],
  ['connections.controlKeys[0].key', [{ key: 'x'.repeat(31), scope: 'admin' }]],
  ['connections.controlKeys[0].key', [{ key: 'x'.repeat(513), scope: 'admin' }]],
  ['connections.controlKeys[0].key', [{ key: `${ADMIN} `, scope: 'admin' }]],
  ['connections.controlKeys[0].key', [{ key: undefined, scope: 'admin' }]],
  [
    'connections.controlKeys[1].scope',
    [
      { key: ADMIN, scope: 'read' },
      { key: READ, scope: 'root' },
    ],
  ],
  [
    'connections.controlKeys',
    [
      { key: ADMIN, scope: 'read' },
      { key: ADMIN, scope: 'admin' },
    ],
  ],
])('refuses to start with wrong %s, and quotes no key: %o', ([named, keys]) => {
  let message = ''
  try {
    controlClient({}, { keys: keys as readonly ControlKey[] })
  } catch (error) {
    message = String(error)
  }
  expect(message.startsWith(`ConfigurationError: ${named}: `)).toBe(true)
  expect(message).not.toContain(ADMIN)
})
