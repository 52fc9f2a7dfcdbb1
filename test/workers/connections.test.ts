import { expect, it } from 'vitest'
import type { Connected, ConnectOrder, Connections } from '../../src/connection/connections.ts'
import { arrivalOf, connectionStore, orderOf, ORIGIN } from '../fixtures/connection-store.ts'

async function connected(connections: Connections, order: ConnectOrder): Promise<Connected> {
  const result = await connections.connect(order)
  if (!result.ok) throw new Error(`${result.failure.kind}: ${result.failure.message}`)
  return result.value
}

async function codeOf(connections: Connections, token: string, arrival = arrivalOf()) {
  const admission = await connections.admit(token, arrival)
  return admission.ok ? 'ok' : admission.turned.refusal.code
}

const key = (name: string, tag = '') => ({ namespace: 'tests', name, tag })

it('gives a token that leads to the backend, with what the application said of its user', async () => {
  const { connections } = connectionStore()
  const order = orderOf({ user: 'älice', auth: { role: 'editor', name: 'Ä' } })
  const { token, backendId, secretToken, ...rest } = await connected(connections, order)
  expect(token).toMatch(/^[\w-]{72}$/)
  expect(backendId).toMatch(/^[a-z0-9]{14}$/)
  expect(secretToken).toMatch(/^[\w-]{43}$/)
  expect(rest).toMatchObject({ spawned: true, status: 'scheduled' })
  expect(await connections.admit(token, arrivalOf())).toEqual({
    ok: true,
    value: {
      backendId,
      address: { kind: 'origin', origin: ORIGIN },
      user: 'älice',
      auth: '{"role":"editor","name":"Ä"}',
      secretToken,
      isStatic: false,
      maxIdleSeconds: undefined,
    },
  })
})

// A thousand calls take longer than a test may by default, where the machine has other work.
const LONG = { timeout: 60_000 }

it(
  'gives every one of 1,000 callers at once a token of its own, to one backend',
  LONG,
  async () => {
    const { connections } = connectionStore()
    const order = orderOf({ key: key('many') })
    const all = await Promise.all(Array.from({ length: 1000 }, () => connected(connections, order)))
    expect(new Set(all.map(({ backendId }) => backendId)).size).toBe(1)
    expect(all.filter(({ spawned }) => spawned)).toHaveLength(1)
    expect(new Set(all.map(({ token }) => token)).size).toBe(1000)
    const codes = await Promise.all(all.map(({ token }) => codeOf(connections, token)))
    expect(new Set(codes)).toEqual(new Set(['ok']))
  },
)

it('lets one of 1,000 uses at once in with a token for one use', LONG, async () => {
  const { connections } = connectionStore()
  const { token } = await connected(connections, orderOf({ maxUses: 1 }))
  const codes = await Promise.all(Array.from({ length: 1000 }, () => codeOf(connections, token)))
  expect(codes.filter((code) => code === 'ok')).toHaveLength(1)
  expect(codes.filter((code) => code === 'token_revoked')).toHaveLength(999)
})

it('takes no use and asks for no method where a browser only asks if it may', async () => {
  const { connections } = connectionStore()
  const { token } = await connected(connections, orderOf({ maxUses: 1, methods: ['PUT'] }))
  const preflight = arrivalOf({ method: 'OPTIONS', isPreflight: true })
  expect(await codeOf(connections, token, preflight)).toBe('ok')
  expect(await codeOf(connections, token, arrivalOf({ method: 'OPTIONS' }))).toBe('forbidden')
  expect(await codeOf(connections, token, arrivalOf({ method: 'PUT' }))).toBe('ok')
  expect(await codeOf(connections, token, preflight)).toBe('token_revoked')
})

it('reaches no object for a token that is forged, mangled or expired', async () => {
  const { connections, clock, reached } = connectionStore()
  const other = connectionStore({ keys: ['another-key-of-more-than-thirty-two-characters'] })
  const { token } = await connected(connections, orderOf({ expiresInSeconds: 60 }))
  const forged = (await connected(other.connections, orderOf())).token
  const mangled = Array.from(token, (letter, at) => {
    const changed = letter === 'A' ? 'B' : 'A'
    return token.slice(0, at) + changed + token.slice(at + 1)
  })
  const before = reached.length
  for (const wrong of [
    forged,
    ...mangled,
    `s.${token}`,
    token.slice(1),
    `${token}A`,
    'a'.repeat(72),
  ]) {
    expect(['token_invalid', 'token_malformed']).toContain(await codeOf(connections, wrong))
  }
  clock.now += 60_000
  expect(await codeOf(connections, token)).toBe('token_expired')
  expect(reached.length).toBe(before)
})

it('accepts tokens of the key before while rotating, and not afterwards', async () => {
  const [old, fresh] = ['o', 'f'].map((letter) => letter.repeat(32)) as [string, string]
  const { token } = await connected(connectionStore({ keys: [old] }).connections, orderOf())
  expect(await codeOf(connectionStore({ keys: [fresh, old] }).connections, token)).toBe('ok')
  expect(await codeOf(connectionStore({ keys: [fresh] }).connections, token)).toBe('token_invalid')
})

it.for([
  ['another tag', { key: key('tagged', 'b') }, 'KeyHeld'],
  ['no spawn config', { key: key('nobody'), spawn: undefined }, 'KeyUnheldNoSpawnConfig'],
  ['neither key nor spawn config', { spawn: undefined }, 'KeyUnheldNoSpawnConfig'],
] as const)('refuses a connection with %s', async ([, order, kind]) => {
  const { connections } = connectionStore()
  await connected(connections, orderOf({ key: key('tagged', 'a') }))
  expect(await connections.connect(orderOf(order))).toMatchObject({ ok: false, failure: { kind } })
})

it('refuses an id that another backend has', async () => {
  const { connections } = connectionStore()
  await connected(connections, orderOf({ key: key('first') }, { id: 'taken' }))
  for (const order of [{}, { key: key('second') }]) {
    const refused = await connections.connect(orderOf(order, { id: 'taken' }))
    expect(refused).toMatchObject({ ok: false, failure: { kind: 'FailedToAcquireKey' } })
  }
  expect(await connected(connections, orderOf({ key: key('second') }))).toMatchObject({
    spawned: true,
  })
})

it('makes a new backend when the one that held the key has ended, also for another tag', async () => {
  const { connections } = connectionStore()
  const order = orderOf({ key: key('again', 'a') })
  const first = await connected(connections, order)
  await connections.terminate(first.backendId, 'soft')
  expect(await codeOf(connections, first.token)).toBe('backend_gone')
  const second = await connected(connections, order)
  expect(second).toMatchObject({ spawned: true })
  expect(second.backendId).not.toBe(first.backendId)
  await connections.terminate(second.backendId, 'hard')
  const third = await connected(connections, orderOf({ key: key('again', 'b') }))
  expect(third).toMatchObject({ spawned: true })
})

it.for([
  ['origin', { origin: 'https://a.example' }, { origin: 'https://a.example' }, 'ok'],
  ['origin', { origin: 'https://a.example' }, { origin: 'https://b.example' }, 'origin_refused'],
  ['origin', { origin: 'https://a.example' }, {}, 'origin_refused'],
  ['method', { methods: ['GET', 'HEAD'] }, { method: 'HEAD' }, 'ok'],
  ['method', { methods: ['GET', 'HEAD'] }, { method: 'POST' }, 'forbidden'],
  ['path', { path: '/docs' }, { rest: '/docs' }, 'ok'],
  ['path', { path: '/docs' }, { rest: '/docs/1' }, 'ok'],
  ['path', { path: '/docs/' }, { rest: '/docs/1' }, 'ok'],
  ['path', { path: '/docs' }, { rest: '/docs2' }, 'forbidden'],
  ['path', { path: '/docs' }, { rest: '/docs%2F1' }, 'forbidden'],
  ['path', { path: '/docs' }, { rest: '//docs' }, 'forbidden'],
  ['path', { path: '/docs' }, { rest: '/Docs' }, 'forbidden'],
] as const)('holds a token to its %s: %o, %o: %s', async ([, bound, arrival, code]) => {
  for (const rememberSeconds of [0, 5]) {
    const { connections } = connectionStore({ rememberSeconds })
    const { token } = await connected(connections, orderOf(bound))
    // Let in once, so that the second time it may be remembered.
    await connections.admit(token, arrivalOf({ rest: '/docs/', origin: 'https://a.example' }))
    expect(await codeOf(connections, token, arrivalOf(arrival))).toBe(code)
  }
})

it('remembers a token for as long as it says, and not beyond its end or its uses', async () => {
  const { connections, clock, reached } = connectionStore({ rememberSeconds: 5 })
  const { token } = await connected(connections, orderOf({ expiresInSeconds: 8 }))
  const once = await connected(connections, orderOf({ maxUses: 2 }))
  const calls = async (of: string) => {
    const before = reached.length
    return [await codeOf(connections, of), reached.length - before]
  }
  expect(await calls(token)).toEqual(['ok', 1])
  clock.now += 4999
  expect(await calls(token)).toEqual(['ok', 0])
  clock.now += 1
  expect(await calls(token)).toEqual(['ok', 1])
  clock.now += 3000
  expect(await calls(token)).toEqual(['token_expired', 0])
  expect(await calls(once.token)).toEqual(['ok', 1])
  expect(await calls(once.token)).toEqual(['ok', 1])
  expect(await calls(once.token)).toEqual(['token_revoked', 1])
})

it.for(['token', 'user', 'key', 'key and user', 'backend'] as const)(
  'revokes by %s, and says how many',
  async (by) => {
    const { connections } = connectionStore()
    const held = orderOf({ key: key(`revoked by ${by}`), user: 'alice' })
    const { backendId, token, tokenId } = await connected(connections, held)
    const second = await connected(connections, held)
    const bob = await connected(connections, { ...held, user: 'bob' })
    const [selector, count, others] = {
      token: [{ tokenId }, 1, ['ok', 'ok']],
      user: [{ backendId, user: 'alice' }, 2, ['token_revoked', 'ok']],
      key: [{ key: key(`revoked by ${by}`) }, 3, ['token_revoked', 'token_revoked']],
      'key and user': [{ key: key(`revoked by ${by}`), user: 'alice' }, 2, ['token_revoked', 'ok']],
      backend: [{ backendId }, 3, ['token_revoked', 'token_revoked']],
    }[by] as [never, number, string[]]
    const value = { tokensRevoked: count, withinSeconds: 0 }
    expect(await connections.revoke(selector)).toEqual({ ok: true, value })
    expect(await codeOf(connections, token)).toBe('token_revoked')
    expect(await codeOf(connections, second.token)).toBe(others[0])
    expect(await codeOf(connections, bob.token)).toBe(others[1])
    expect(await connections.revoke(selector)).toMatchObject({ value: { tokensRevoked: 0 } })
  },
)

it('gives everyone the same static token, and refuses what is for one alone', async () => {
  const { connections } = connectionStore()
  const order = orderOf({ key: key('static') }, { useStaticToken: true })
  const first = await connected(connections, order)
  expect(first.token).toMatch(/^s\.[\w-]{72}$/)
  expect(first).toMatchObject({ secretToken: undefined, expiresAt: undefined })
  const second = await connected(connections, orderOf({ key: key('static') }))
  expect(second.token).toBe(first.token)
  expect(await connections.admit(first.token, arrivalOf())).toMatchObject({
    ok: true,
    value: { isStatic: true, user: undefined, auth: undefined, secretToken: '' },
  })
  const personal = [{ user: 'alice' }, { auth: { a: 1 } }, { maxUses: 1 }, { path: '/a' }]
  for (const own of [...personal, { expiresInSeconds: 60 }]) {
    const refused = await connections.connect({ ...order, ...own })
    expect(refused).toMatchObject({ ok: false, failure: { kind: 'InvalidRequest' } })
  }
  expect(await connections.revoke({ tokenId: first.tokenId })).toMatchObject({
    value: { tokensRevoked: 1 },
  })
  expect(await codeOf(connections, first.token)).toBe('token_revoked')
  const third = await connected(connections, order)
  expect(third.token).not.toBe(first.token)
  expect(await codeOf(connections, third.token)).toBe('ok')
})

it('lists tokens and living backends page by page, and nothing that is a token', async () => {
  const { connections } = connectionStore()
  const namespace = 'listed'
  const made: Connected[] = []
  for (const name of ['a', 'b', 'c']) {
    made.push(await connected(connections, orderOf({ key: { namespace, name, tag: '' } })))
  }
  const [first, second] = made
  await connections.terminate(second?.backendId ?? '', 'soft')
  const listed: string[] = []
  let after: string | undefined
  do {
    const page = await connections.backends(namespace, { after, limit: 1 })
    if (!page.ok) throw new Error(page.failure.message)
    listed.push(...page.value.items.map(({ backendId }) => backendId))
    after = page.value.next
  } while (after !== undefined)
  const living = made.filter((one) => one !== second).map(({ backendId }) => backendId)
  expect(listed).toEqual(living.toSorted())

  const backendId = first?.backendId ?? ''
  for (const user of ['x', 'y']) {
    await connected(connections, orderOf({ key: { namespace, name: 'a', tag: '' }, user }))
  }
  const one = await connections.tokens(backendId, { after: undefined, limit: 2 })
  if (!one.ok) throw new Error(one.failure.message)
  const two = await connections.tokens(backendId, { after: one.value.next, limit: 2 })
  if (!two.ok) throw new Error(two.failure.message)
  const all = [...one.value.items, ...two.value.items]
  expect(all).toHaveLength(3)
  expect(two.value.next).toBeUndefined()
  expect(new Set(all.map(({ user }) => user))).toEqual(new Set(['x', 'y', undefined]))
  expect(JSON.stringify(all)).not.toContain(first?.token)
  const { tokenId } = first ?? {}
  expect(all.map((token) => token.tokenId)).toContain(tokenId)
})
