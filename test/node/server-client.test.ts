import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPortico, type Answer, type Portico } from '../../src/server.ts'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { ADMIN_KEY, CONNECT_KEY, READ_KEY } from '../support/connection-keys.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'

let gate: ConnectionGate
let portico: Portico
beforeAll(async () => {
  gate = await serveConnections()
  portico = client(ADMIN_KEY)
})
afterAll(() => gate.stop())

function client(key: string, path = ''): Portico {
  return createPortico({ url: gate.url(path), key })
}

/** To the backend process, as whoever has the key and the rest of the request says. */
function connect(request: object = {}) {
  return portico.connect({
    spawn_config: { executable: { origin: gate.backend.origin } },
    ...request,
  })
}

async function connected(request: object = {}) {
  return valueOf(await connect(request))
}

function valueOf<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(answer.error.message)
  return answer.value
}

async function all<T>(items: AsyncIterable<Answer<T>>): Promise<T[]> {
  const values: T[] = []
  for await (const item of items) values.push(valueOf(item))
  return values
}

async function seenAt(url: string): Promise<SeenWithBody> {
  return (await (await fetch(url)).json()) as SeenWithBody
}

it('hands out a URL that leads to the backend, as the user that was named', async () => {
  const auth = { role: 'writer' }
  const { url, backend_id, secret_token } = await connected({ user: 'alice', auth })
  const seen = await seenAt(`${url}a/b?c=d`)
  expect(seen.url).toBe('/a/b?c=d')
  expect(seen.cgi).toMatchObject({
    HTTP_X_VERIFIED_USERNAME: 'alice',
    HTTP_X_VERIFIED_USER_DATA: JSON.stringify(auth),
    HTTP_X_VERIFIED_BACKEND: backend_id,
    HTTP_X_VERIFIED_SECRET: secret_token,
  })
})

it('carries Unicode both ways', async () => {
  const key = { name: 'Тетрадь №1 📓', namespace: 'クラス' }
  const user = 'Zoë Ñ 山田'
  const { backend_id, url } = await connected({ key, user, auth: { name: user } })
  const { cgi } = await seenAt(url)
  expect(decodeURIComponent(cgi['HTTP_X_VERIFIED_USERNAME'] ?? '')).toBe(user)
  expect(JSON.parse(cgi['HTTP_X_VERIFIED_USER_DATA'] ?? '')).toEqual({ name: user })
  expect(await all(portico.backends(key.namespace))).toMatchObject([{ backend_id, key }])
  expect(await all(portico.tokens(backend_id))).toMatchObject([{ user }])
})

it('works with a base URL that ends with a slash', async () => {
  const { backend_id } = await connected()
  expect(await client(ADMIN_KEY, '/').status(backend_id)).toMatchObject({ ok: true })
})

it('revokes the tokens of one user, and tells how many', async () => {
  const key = { name: 'revoked' }
  const { backend_id, url: alices } = await connected({ key, user: 'alice' })
  const { url: bobs } = await connected({ key, user: 'bob' })
  const revoked = valueOf(await portico.revoke({ backend_id, user: 'alice' }))
  expect(revoked).toMatchObject({ tokens_revoked: 1, within_seconds: 0 })
  expect((await fetch(alices)).status).toBe(410)
  expect((await fetch(bobs)).status).toBe(200)
})

it.for<[name: string, request: object]>([
  ['a user', { user: undefined }],
  ['a namespace', { key: { name: 'kept', namespace: undefined } }],
])('revokes nothing where %s is undefined', async ([, request]) => {
  const { backend_id, url } = await connected({ key: { name: 'kept' } })
  const selector = 'key' in request ? request : { backend_id, ...request }
  const answer = await portico.revoke(selector as { backend_id: string })
  expect(answer).toMatchObject({ ok: false, error: { kind: 'InvalidRequest' } })
  expect((await fetch(url)).status).toBe(200)
})

it.for([
  [undefined, 'terminating', 'soft'],
  ['soft', 'terminating', 'soft'],
  ['hard', 'hard-terminating', 'hard'],
] as const)('ends a backend, asked for %s', async ([kind, status, termination_kind]) => {
  const { backend_id } = await connected()
  expect(await portico.terminate(backend_id, kind)).toEqual({ ok: true, value: null })
  const statuses = await all(portico.statusStream(backend_id))
  expect(statuses.at(-2)).toMatchObject({ status, termination_kind })
  expect(statuses.at(-1)).toMatchObject({ status: 'terminated', termination_reason: 'external' })
  expect(valueOf(await portico.status(backend_id))).toEqual(statuses.at(-1))
})

it('gives every backend of a namespace, over its pages', async () => {
  const namespace = 'many'
  // More than a page holds.
  const names = Array.from({ length: 60 }, (_, index) => `doc-${index}`)
  await Promise.all(names.map((name) => connected({ key: { name, namespace } })))
  const listed = await all(portico.backends(namespace))
  expect(listed).toHaveLength(names.length)
  expect(new Set(listed.map(({ key }) => key?.name))).toEqual(new Set(names))
})

it('gives every token of a backend, over its pages', async () => {
  const users = Array.from({ length: 60 }, (_, index) => `user-${index}`)
  const { backend_id } = await connected({ key: { name: 'shared' } })
  await Promise.all(users.map((user) => connected({ key: { name: 'shared' }, user })))
  const listed = await all(portico.tokens(backend_id))
  expect(listed).toHaveLength(users.length + 1)
  expect(new Set(listed.map(({ user }) => user))).toEqual(new Set([null, ...users]))
})

it.for<[name: string, refused: () => Promise<Answer<unknown>>, error: object]>([
  [
    'a wrong key',
    () => client('a-wrong-key-of-more-than-32-characters').connect({}),
    { kind: 'Unauthorized', status: 401 },
  ],
  [
    'a key that may only connect',
    () => client(CONNECT_KEY).terminate('b1'),
    { kind: 'Forbidden', status: 403 },
  ],
  ['a key that may only read', () => client(READ_KEY).connect({}), { kind: 'Forbidden' }],
  ['a backend that never was', () => portico.status('nobody'), { kind: 'NotFound', status: 404 }],
  [
    'a key that nobody holds',
    () => portico.connect({ key: { name: 'free' } }),
    { kind: 'KeyUnheldNoSpawnConfig', status: 409 },
  ],
  [
    'a field that is wrong',
    () => connect({ expires_in_seconds: -1 }),
    {
      kind: 'InvalidRequest',
      status: 422,
      message: expect.stringMatching(/^expires_in_seconds: /),
    },
  ],
])('gives %s as an error with its kind and the id of the log', async ([, refused, error]) => {
  const answer = await refused()
  expect(answer).toEqual({
    ok: false,
    error: {
      kind: expect.any(String),
      message: expect.any(String),
      id: expect.stringMatching(/^[a-z0-9]{14}$/),
      status: expect.any(Number),
    },
  })
  expect(answer).toMatchObject({ error })
  if (!answer.ok) await gate.worker.logged(`${answer.error.id} ${answer.error.kind}`)
})

it.for<[name: string, items: () => AsyncIterable<Answer<unknown>>, kind: string]>([
  ['backends', () => client(CONNECT_KEY).backends(), 'Forbidden'],
  ['tokens', () => portico.tokens('nobody'), 'NotFound'],
  ['statuses', () => portico.statusStream('nobody'), 'NotFound'],
])('gives a refusal as the last of the %s', async ([, items, kind]) => {
  const given: unknown[] = []
  for await (const item of items()) given.push(item)
  expect(given).toMatchObject([{ ok: false, error: { kind } }])
})

it.for<[field: string, value: number]>([
  ['max_uses', NaN],
  ['expires_in_seconds', Infinity],
])('makes no token without a limit of a %s that is %s', async ([field, value]) => {
  const error = { kind: 'InvalidRequest', message: expect.any(String) }
  expect(await connect({ [field]: value })).toEqual({ ok: false, error })
})
