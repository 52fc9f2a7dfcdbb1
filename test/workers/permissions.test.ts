import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { codeOf, closeOf, ORIGIN } from '../fixtures/counted-gate.ts'
import { countingNamespace } from '../fixtures/counting-namespace.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { createGate, jwt, type GateOptions, type Lobby, type Operation } from '../../src/portico.ts'
import { identityOf } from '../../src/room.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'

type Permissions = NonNullable<GateOptions['permissions']>
interface Init {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly claims?: Readonly<Record<string, unknown>>
}

const BY_CLAIM = { claim: 'rooms' } as const
const ALL: readonly Operation[] = ['connect', 'read', 'write']

/** A gate in front of rooms and a backend, and what its hook saw. */
function gateWith(permissions: Permissions) {
  const { namespace: binding, reached } = countingNamespace(env.ECHO_ROOM)
  const hooked: (readonly Operation[] | undefined)[] = []
  const note = (request: Request, lobby: Lobby<Cloudflare.Env>): Request => {
    hooked.push(lobby.permissions)
    return request
  }
  const gate = createGate<Cloudflare.Env>({
    verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
    permissions,
    rooms: {
      docs: { binding },
      chat: { binding },
      'docs:a': { binding },
      'docs%3Aa': { binding },
      'docs*': { binding },
      open: { binding, auth: 'optional' },
      free: { binding, auth: 'hook' },
    },
    backends: { notebooks: { service: env.ECHO_ROOM.getByName('notebooks') } },
    onBeforeRequest: note,
    onBeforeConnect: note,
  })
  return {
    reached,
    hooked,
    send: async (path: string, { claims = {}, headers, ...init }: Init = {}): Promise<Response> => {
      const authorization = `Bearer ${await mintToken(claims)}`
      const request = new Request(ORIGIN + path, {
        headers: { authorization, ...headers },
        ...init,
      })
      return gate.fetch(request, env, createExecutionContext())
    },
    sendAsNobody: async (path: string): Promise<Response> =>
      gate.fetch(new Request(ORIGIN + path), env, createExecutionContext()),
  }
}

/** What the room or the backend was told about the caller's permissions. */
async function toldBy(response: Response): Promise<readonly Operation[] | undefined> {
  const { headers } = await response.json<Seen>()
  return identityOf(new Request(ORIGIN, { headers }))?.permissions
}

const UPGRADE = { upgrade: 'websocket' }

describe('a request needs its operation', () => {
  it.for<[Operation, string, Record<string, string>]>([
    ['connect', 'GET', UPGRADE],
    ['read', 'GET', {}],
    ['read', 'HEAD', {}],
    ['read', 'OPTIONS', {}],
    ['write', 'POST', {}],
    ['write', 'PUT', {}],
    ['write', 'PATCH', {}],
    ['write', 'DELETE', {}],
    ['write', 'PROPFIND', {}],
  ])('%s for %s %o, and no other will do', async ([needed, method, headers]) => {
    const { send, reached, hooked } = gateWith(BY_CLAIM)
    const others = ALL.filter((operation) => operation !== needed)
    const init = { method, headers }
    const refused = await send('/parties/docs/x', { ...init, claims: { rooms: { '*': others } } })
    expect(refused.status).toBe(403)
    if (method !== 'HEAD') expect(await codeOf(refused)).toBe('forbidden')
    expect([reached, hooked]).toEqual([[], []])

    const passed = await send('/parties/docs/x', { ...init, claims: { rooms: { '*': [needed] } } })
    passed.webSocket?.accept()
    passed.webSocket?.close()
    expect(passed.status).toBe(needed === 'connect' ? 101 : 200)
    expect([reached, hooked]).toEqual([['x'], [[needed]]])
  })

  it('and a page learns from the close code that its socket is forbidden', async () => {
    const { send, reached } = gateWith(BY_CLAIM)
    const headers = { ...UPGRADE, origin: 'https://page.example' }
    const { code, reason } = await closeOf(await send('/parties/docs/x', { headers }))
    expect({ code, reason }).toEqual({ code: 4403, reason: '{"code":"forbidden"}' })
    expect(reached).toEqual([])
  })
})

const patterns: readonly (readonly [pattern: string, path: string, fits: boolean])[] = [
  ['docs:x', '/parties/docs/x', true],
  ['docs:x', '/parties/docs/xy', false],
  ['docs:x', '/parties/docs/X', false],
  ['docs:x', '/parties/chat/x', false],
  ['docs:*', '/parties/docs/x', true],
  ['docs:*', '/parties/chat/x', false],
  ['docs:team-*', '/parties/docs/team-7', true],
  ['docs:team-*', '/parties/docs/team-', true],
  ['docs:team-*', '/parties/docs/my-team-7', false],
  ['docs:*-draft', '/parties/docs/a-draft', true],
  ['docs:*-draft', '/parties/docs/a-draft-2', false],
  ['docs:a*b*c', '/parties/docs/a1b2c', true],
  ['docs:a*b*c', '/parties/docs/ac', false],
  ['docs:ab*ba', '/parties/docs/aba', false],
  ['docs:.*', '/parties/docs/x', false],
  ['docs:?', '/parties/docs/x', false],
  ['docs:caf\u00e9', '/parties/docs/caf%C3%A9', true],
  ['docs:a/b', '/parties/docs/a%2Fb', true],
  ['docs:a', '/parties/docs/a/b', true],
  ['*:x', '/parties/chat/x', true],
  ['*', '/parties/chat/x', true],
  ['*', '/backends/notebooks/x', true],
  ['backends:notebooks', '/backends/notebooks/x', true],
  ['backends:*', '/backends/notebooks', true],
  ['backends:other', '/backends/notebooks/x', false],
  ['notebooks:*', '/backends/notebooks/x', false],
  ['backends:*', '/parties/docs/x', false],
  // A name cannot be read as another one, nor as a pattern's own signs.
  ['*:x', '/parties/docs/a:x', false],
  ['docs:*', '/parties/docs%3Aa/x', false],
  ['docs:a:x', '/parties/docs/a:x', true],
  ['docs:a:x', '/parties/docs%3Aa/x', false],
  ['docs%3Aa:x', '/parties/docs%3Aa/x', true],
  ['docs%3Aa:x', '/parties/docs%253Aa/x', false],
  ['docs%253Aa:x', '/parties/docs%253Aa/x', true],
  ['docs:100%25', '/parties/docs/100%25', true],
  ['docs:100%', '/parties/docs/100%25', false],
  ['docs:%2A', '/parties/docs/*', true],
  ['docs:%2A', '/parties/docs/x', false],
  ['docs%2A:x', '/parties/docs*/x', true],
  ['docs%2A:x', '/parties/docs/x', false],
  // Not the form of a pattern.
  ['docs', '/parties/docs/x', false],
  ['', '/parties/docs/x', false],
  ['**', '/parties/docs/x', false],
  ['doc*', '/parties/docs/x', false],
  [':', '/parties/docs/x', false],
]

it.for(patterns)('the pattern %s for %s fits: %s', async ([pattern, path, fits]) => {
  const { send } = gateWith(BY_CLAIM)
  const response = await send(path, { claims: { rooms: { [pattern]: ['read'] } } })
  expect(response.status).toBe(fits ? 200 : 403)
  if (fits) expect(await toldBy(response)).toEqual(['read'])
  else expect(await codeOf(response)).toBe('forbidden')
})

describe('grants', () => {
  it.for<[what: string, Permissions, claims: Record<string, unknown>, readonly Operation[]]>([
    ['of everyone', { everyone: { 'docs:*': ['read'] } }, {}, ['read']],
    [
      'of two patterns are both counted, in one order',
      BY_CLAIM,
      { rooms: { 'docs:*': ['write', 'read'], 'docs:x': ['connect', 'read'] } },
      ALL,
    ],
    [
      'are not taken away by an empty one',
      BY_CLAIM,
      { rooms: { '*': ['read'], 'docs:x': [] } },
      ['read'],
    ],
    [
      'of everyone and of the claim are both counted',
      { claim: 'rooms', everyone: { '*': ['read'] } },
      { rooms: { 'docs:*': ['write'] } },
      ['read', 'write'],
    ],
    [
      'come by names in a list',
      { claim: 'permissions', named: { 'docs:write': { 'docs:*': ['read', 'write'] } } },
      { permissions: ['docs:write', 'billing:read'] },
      ['read', 'write'],
    ],
    [
      'come by names with spaces between them',
      { claim: 'scope', named: { view: { '*': ['read'] }, edit: { '*': ['write'] } } },
      { scope: 'openid view edit' },
      ['read', 'write'],
    ],
    [
      'that are known count beside an operation that is not',
      BY_CLAIM,
      { rooms: { '*': ['read', 'delete', 7, null] } },
      ['read'],
    ],
  ])('%s', async ([, permissions, claims, granted]) => {
    const { send, hooked } = gateWith(permissions)
    expect(await toldBy(await send('/parties/docs/x', { claims }))).toEqual(granted)
    expect(hooked).toEqual([granted])
  })

  it.for<[what: string, rooms: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['true', true],
    ['a number', 1],
    ['text', '*'],
    ['a list', ['*', 'docs:*', 'read']],
    ['a list of grants', [{ '*': ['read'] }]],
    ['an empty object', {}],
    ['operations as text', { '*': 'read' }],
    ['operations as an object', { '*': { read: true } }],
    ['no operations', { '*': [] }],
    ['another case', { '*': ['READ', 'Read'] }],
    ['operations in a list of their own', { '*': [['read']] }],
    ['every operation as a star', { '*': ['*'] }],
    ['names that objects have', 'constructor __proto__ toString'],
    ['grants inside grants', { rooms: { '*': ['read'] } }],
  ])('are not made by a claim of another form: %s', async ([, rooms]) => {
    const named = { edit: { '*': ALL } }
    const { send, reached } = gateWith({ claim: 'rooms', named })
    expect(await codeOf(await send('/parties/docs/x', { claims: { rooms } }))).toBe('forbidden')
    expect(reached).toEqual([])
  })
})

describe('where nobody is verified', () => {
  it('a policy lets nobody in, not even where a credential is optional', async () => {
    const { sendAsNobody, reached } = gateWith({ everyone: { '*': ALL } })
    const response = await sendAsNobody('/parties/open/x')
    expect([response.status, await codeOf(response)]).toEqual([401, 'credential_missing'])
    expect(reached).toEqual([])
  })

  it('the hook decides alone, without permissions', async () => {
    const { send, hooked } = gateWith(BY_CLAIM)
    const headers = { 'x-verified-permissions': 'connect read write' }
    const response = await send('/parties/free/x', { headers, claims: { rooms: { '*': ALL } } })
    const seen = await response.json<Seen>()
    expect(seen.headers).not.toHaveProperty('x-verified-permissions')
    expect(hooked).toEqual([undefined])
  })
})

it('tells a caller without a grant the same of a place that exists and of one that does not', async () => {
  const { send } = gateWith({ everyone: { 'chat:*': ['read'], 'club:*': ['read'] } })
  const there = await send('/parties/docs/x')
  const nowhere = await send('/parties/vault/x')
  expect(await nowhere.text()).toBe(await there.text())
  expect([nowhere.status, there.status]).toEqual([403, 403])
  expect(await codeOf(await send('/parties/club/x'))).toBe('route_unknown')
})

it.for([
  'x-verified-permissions',
  'X-Verified-Permissions',
  'x_verified_permissions',
  'X.Verified.Permissions',
])('the room gets the permissions from the gate, not from a caller: %s', async (name) => {
  const { send } = gateWith({ everyone: { '*': ['read'] } })
  const response = await send('/parties/docs/x', { headers: { [name]: 'connect read write' } })
  const { headers } = await response.json<Seen>()
  const told = Object.entries(headers).filter(([key]) => key.includes('permissions'))
  expect(told).toEqual([['x-verified-permissions', 'read']])
})

it('the room of a socket gets them too', async () => {
  const { send } = gateWith({ everyone: { 'docs:*': ['connect', 'write'] } })
  const { webSocket } = await send('/parties/docs/x', { headers: UPGRADE })
  const message = new Promise<string>((resolve) =>
    webSocket?.addEventListener('message', ({ data }) => resolve(String(data))),
  )
  webSocket?.accept()
  const { headers } = JSON.parse(await message) as Seen
  webSocket?.close()
  const caller = identityOf(new Request(ORIGIN, { headers }))
  expect(caller?.permissions).toEqual(['connect', 'write'])
})

it('a hook cannot add to them', async () => {
  const thrown: unknown[] = []
  const gate = createGate<Cloudflare.Env>({
    verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
    permissions: { everyone: { '*': ['read'] } },
    rooms: { docs: { binding: 'ECHO_ROOM' } },
    onBeforeRequest(request, { permissions }) {
      try {
        ;(permissions as Operation[]).push('write')
      } catch (error) {
        thrown.push(error)
      }
      request.headers.set('x-verified-permissions', 'connect read write')
    },
  })
  const headers = { authorization: await mintToken() }
  const request = new Request(`${ORIGIN}/parties/docs/x`, { headers })
  expect(await toldBy(await gate.fetch(request, env, createExecutionContext()))).toEqual(['read'])
  expect(thrown).toEqual([expect.any(TypeError)])
})

it('without a policy everyone who is verified may do everything, and nothing is said', async () => {
  const gate = createGate<Cloudflare.Env>({
    verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
    rooms: { docs: { binding: 'ECHO_ROOM' } },
  })
  const headers = { authorization: await mintToken() }
  const request = new Request(`${ORIGIN}/parties/docs/x`, { method: 'DELETE', headers })
  const response = await gate.fetch(request, env, createExecutionContext())
  expect(response.status).toBe(200)
  expect(await toldBy(response)).toBeUndefined()
})
