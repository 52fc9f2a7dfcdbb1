import { expect, it, vi } from 'vitest'
import { CONNECTED } from '../fixtures/control-client.ts'
import { grantingClient, jamsocketClient } from '../fixtures/jamsocket-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const SPAWN_PATH = '/v1/user/acme/service/notes/spawn'
const CONNECT_PATH = '/v2/service/acme/notes/connect'
const IMAGE = { image: 'notes:7', env: { A: '1', B: '1' }, port: 8080 }
const SERVICES = {
  'acme/image': { executable: IMAGE, maxIdleSeconds: 60, lifetimeLimitSeconds: 600 },
  'acme/bare': {},
}

interface Spawned {
  readonly name: string
  readonly spawned: boolean
  readonly bearer_token?: string
}

async function problem(response: Response): Promise<[status: number, code: string, text: string]> {
  const { error } = await response.json<{ error: { code: string; message: string } }>()
  return [response.status, error.code, error.message]
}

it('answers with all that a client of v1 reads, and never with null', async () => {
  const { post } = grantingClient()
  const response = await post(`${SPAWN_PATH}?k4x0v`, {})
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toEqual({
    name: 'b1',
    url: 'https://gate.example/backends/b1/',
    ready_url: 'https://gate.example/backends/b1/',
    status_url: 'https://gate.example/v1/backend/b1/status',
    status: 'Loading',
    spawned: true,
  })
})

it.for<[body: object, token: string | undefined]>([
  [{ require_bearer_token: true }, 'the-token'],
  [{ require_bearer_token: false }, undefined],
  [{ require_bearer_token: null }, undefined],
])('tells %j the bearer token %s', async ([body, token]) => {
  const { post } = grantingClient()
  const answer = await (await post(SPAWN_PATH, body)).json<Spawned>()
  expect(answer.bearer_token).toBe(token)
  expect('bearer_token' in answer).toBe(token !== undefined)
})

it.for([
  ['rooms.example', 'https://b1.rooms.example/'],
  ['rooms.example:443', 'https://b1.rooms.example:443/'],
  ['localhost:8787', 'http://b1.localhost:8787/'],
] as const)('has a backend under %s at %s', async ([backendDomain, url]) => {
  const { post } = grantingClient({ backendDomain })
  expect(await (await post(SPAWN_PATH, {})).json()).toMatchObject({
    url,
    ready_url: url,
    status_url: 'https://gate.example/v1/backend/b1/status',
  })
})

it.for([
  ['scheduled', 'Loading'],
  ['loading', 'Loading'],
  ['starting', 'Starting'],
  ['waiting', 'Starting'],
  ['ready', 'Ready'],
] as const)('calls a backend that is %s %s', async ([status, name]) => {
  const value = { ...CONNECTED, spawned: false, status }
  const { post } = jamsocketClient({ connect: async () => ({ ok: true, value }) })
  const answer = await (await post(SPAWN_PATH, {})).json()
  expect(answer).toMatchObject({ spawned: false, status: name })
})

it.for<[body: object | undefined, spawn: object]>([
  [undefined, { executable: IMAGE, maxIdleSeconds: 60, lifetimeLimitSeconds: 600 }],
  [{}, { executable: IMAGE }],
  [{ env: null, port: null, tag: null, grace_period_seconds: null }, { executable: IMAGE }],
  [{ grace_period_seconds: 5 }, { executable: IMAGE, maxIdleSeconds: 5 }],
  [{ env: { B: '2', C: '2' } }, { executable: { ...IMAGE, env: { A: '1', B: '2', C: '2' } } }],
  [{ env: {} }, { executable: IMAGE }],
  [{ port: 9000 }, { executable: { ...IMAGE, port: 9000 } }],
  [{ tag: 'v2' }, { executable: { ...IMAGE, tag: 'v2' } }],
  [
    { env: { B: '2' }, port: 9000, tag: 'v2' },
    { executable: { image: 'notes:7', env: { A: '1', B: '2' }, port: 9000, tag: 'v2' } },
  ],
  // What is not a field of a spawn call is nothing to it.
  [{ executable: { image: 'other' }, user: 'alice', auth: {} }, { executable: IMAGE }],
])('spawns %j as %j', async ([body, spawn]) => {
  const { post, orders } = grantingClient({ services: SERVICES })
  expect((await post('/v1/user/acme/service/image/spawn', body)).status).toBe(200)
  expect(orders).toHaveLength(1)
  expect(orders).toMatchObject([{ key: undefined, namespace: 'acme/image', spawn }])
  expect(orders[0]?.spawn?.executable).toEqual(Reflect.get(spawn, 'executable'))
  expect([orders[0]?.user, orders[0]?.auth]).toEqual([undefined, undefined])
})

it('ends a backend that was not used for 300 seconds, where nobody says otherwise', async () => {
  const { post, orders } = grantingClient()
  await post(SPAWN_PATH, {})
  expect(orders).toMatchObject([{ spawn: { maxIdleSeconds: 300 } }])
})

it.for<[body: object, isOpen: boolean, tag: string]>([
  [{}, true, 'open:'],
  [{ require_bearer_token: false }, true, 'open:'],
  [{ require_bearer_token: true }, false, 'bearer:'],
  [{ service_environment: 'default' }, true, 'open:'],
  [{ service_environment: null }, true, 'open:'],
  [{ service_environment: 'staging' }, true, 'open:staging'],
  [{ service_environment: 'staging', require_bearer_token: true }, false, 'bearer:staging'],
])('locks with %j: open %j, tag %s', async ([body, isOpen, tag]) => {
  const { post, orders } = grantingClient()
  await post(SPAWN_PATH, { ...body, lock: 'dok/ä 1' })
  expect(orders).toMatchObject([
    {
      key: { name: 'dok/ä 1', namespace: 'acme/notes', tag },
      spawn: { useStaticToken: true, isOpen },
    },
  ])
})

it.for<[body: unknown, message: RegExp]>([
  [{ grace_period_seconds: '9' }, /^grace_period_seconds: /],
  [{ grace_period_seconds: 0 }, /^grace_period_seconds: /],
  [{ grace_period_seconds: 1.5 }, /^grace_period_seconds: /],
  [{ grace_period_seconds: 2 ** 31 }, /^grace_period_seconds: /],
  [{ lock: 7 }, /^lock: /],
  [{ lock: '' }, /^lock: it is empty$/],
  [{ lock: 'k'.repeat(129) }, /^lock: it is longer than 128 characters$/],
  [{ lock: '\ud800' }, /^lock: it is not Unicode/],
  [{ require_bearer_token: 'true' }, /^require_bearer_token: /],
  [{ require_bearer_token: 1 }, /^require_bearer_token: /],
  [{ port: 0 }, /^port: /],
  [{ port: 65_536 }, /^port: /],
  [{ port: '80' }, /^port: /],
  [{ env: { A: 1 } }, /^env\.A: /],
  [{ env: ['A=1'] }, /^env: /],
  [{ tag: '' }, /^tag: /],
  [{ service_environment: 1 }, /^service_environment: /],
  [[], /^the body: /],
])('refuses %j, and names the field', async ([body, message]) => {
  const { post, orders } = grantingClient()
  const answer = await problem(await post(SPAWN_PATH, body))
  expect(answer).toEqual([422, 'InvalidRequest', expect.stringMatching(message)])
  expect(orders).toEqual([])
})

it('says that a service has nothing to spawn', async () => {
  const { post, orders } = grantingClient()
  expect(await problem(await post('/v1/user/acme/service/bare/spawn', {}))).toEqual([
    422,
    'InvalidRequest',
    'service: it has no executable of its own, and this call cannot say one',
  ])
  expect(orders).toEqual([])
})

it('refuses an environment for an address, which has no use for it', async () => {
  const { post } = jamsocketClient()
  const [status, code, text] = await problem(await post(SPAWN_PATH, { env: { A: '1' } }))
  expect([status, code]).toEqual([400, 'InvalidRequest'])
  expect(text).toMatch(/^spawn\.executable: /)
})

it.for([
  ['spawn_config.executable.env.A: not allowed', 'env.A: not allowed'],
  ['spawn_config.executable.port: not allowed', 'port: not allowed'],
  ['spawn_config.executable.tag: not allowed', 'tag: not allowed'],
  ['spawn_config.executable.image: not there', 'spawn.executable.image: not there'],
  ['spawn_config.executable: not allowed', 'spawn.executable: not allowed'],
] as const)('tells what a spawner says of %s by the field of the call', async ([said, told]) => {
  const failure = { kind: 'InvalidRequest', message: said } as const
  const { post } = jamsocketClient({ connect: async () => ({ ok: false, failure }) })
  expect(await problem(await post(SPAWN_PATH, {}))).toEqual([400, 'InvalidRequest', told])
})

it.for<[path: string, body: object]>([
  ['nobody/service/notes', {}],
  ['acme/service/nothing', {}],
  ['acme/service/notes', { service_environment: 'production' }],
  ['acme/service/notes', { service_environment: '' }],
  ['acme/service/boards', { service_environment: 'staging' }],
  ['acme/service/notes%2Fstaging', {}],
  ['__proto__/service/constructor', {}],
])('knows no service %s with %j', async ([path, body]) => {
  const { post, orders } = grantingClient()
  const answer = await problem(await post(`/v1/user/${path}/spawn`, body))
  expect(answer).toEqual([404, 'NotFound', 'Service does not exist'])
  expect(orders).toEqual([])
})

it('gives everyone with the lock the one bearer token of its backend', async () => {
  const { post } = jamsocketClient()
  const body = { lock: 'one token', require_bearer_token: true }
  const answers: Spawned[] = []
  for (let i = 0; i < 3; i++) answers.push(await (await post(SPAWN_PATH, body)).json<Spawned>())
  expect(answers.map(({ spawned }) => spawned)).toEqual([true, false, false])
  expect(new Set(answers.map(({ name }) => name)).size).toBe(1)
  expect(answers[0]?.bearer_token).toMatch(/^s\.[\w-]{72}$/)
  expect(new Set(answers.map(({ bearer_token }) => bearer_token)).size).toBe(1)
})

it('gives each spawn without a lock a backend and a bearer token of its own', async () => {
  const { post } = jamsocketClient()
  const ask = async () => (await post(SPAWN_PATH, { require_bearer_token: true })).json<Spawned>()
  const [one, other] = [await ask(), await ask()]
  expect([one.spawned, other.spawned]).toEqual([true, true])
  expect(one.name).not.toBe(other.name)
  expect(one.bearer_token).not.toBe(other.bearer_token)
})

type Ask = readonly [path: string, body: object, field: 'lock' | 'key']

const open: Ask = [SPAWN_PATH, {}, 'lock']
const bearer: Ask = [SPAWN_PATH, { require_bearer_token: true }, 'lock']
const staging: Ask = [SPAWN_PATH, { service_environment: 'staging' }, 'lock']
const v2: Ask = [CONNECT_PATH, {}, 'key']

it.for<[what: string, who: string, holder: Ask, other: Ask]>([
  ['an open backend', 'a call for a bearer token', open, bearer],
  ['a backend with a bearer token', 'a call for an open one', bearer, open],
  ['an open backend', 'a connect call', open, v2],
  ['a backend with a bearer token', 'a connect call', bearer, v2],
  ['a backend of a connect call', 'a call for an open one', v2, open],
  ['a backend of a connect call', 'a call for a bearer token', v2, bearer],
  ['an open backend', 'a call of another environment', open, staging],
])('does not give the lock of %s to %s', async ([, , holder, other]) => {
  const { post } = jamsocketClient()
  const lock = crypto.randomUUID()
  const ask = ([path, body, field]: Ask) => post(path, { ...body, [field]: lock })
  expect((await ask(holder)).status).toBe(200)
  const refused = await ask(other)
  const text = await refused.clone().text()
  expect(await problem(refused)).toEqual([409, 'KeyHeld', expect.any(String)])
  expect(text).not.toContain('s.')
  expect((await ask(holder)).status).toBe(200)
})

it('lists a spawned backend under its service, with its lock as key', async () => {
  const services = { 'spawning/notes': { executable: { origin: 'http://127.0.0.1:9000' } } }
  const client = jamsocketClient({}, { services })
  const path = '/v1/user/spawning/service/notes/spawn'
  const locked = await (await client.post(path, { lock: 'doc' })).json<Spawned>()
  const lockless = await (await client.post(path, {})).json<Spawned>()
  const listed = await client.get('/v2/account/spawning/backends')
  const { running_backends } = await listed.json<{ running_backends: { id: string }[] }>()
  const keys = running_backends.map((one) => [one.id, Reflect.get(one, 'key') as unknown])
  expect(Object.fromEntries(keys)).toEqual({ [locked.name]: 'doc', [lockless.name]: undefined })
})

it('ends a backend at once by v1, whatever the body', async () => {
  const { post, get } = jamsocketClient()
  const { name } = await (await post(SPAWN_PATH, {})).json<Spawned>()
  const response = await post(`/v1/backend/${name}/terminate`, { hard: false })
  expect(await response.json()).toEqual({ status: 'ok' })
  const status = await get(`/v2/backend/${name}/status`)
  expect(await status.json()).toMatchObject({ status: 'terminated', termination_kind: 'hard' })
})
