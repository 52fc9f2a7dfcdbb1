import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, CONNECT_KEY, READ_KEY } from '../support/connection-keys.ts'
import { eventsOf } from '../support/event-stream.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { startBackend, type BackendProcess } from '../support/start-backend.ts'

let backend: BackendProcess
let gate: ServedWorker

beforeAll(async () => {
  backend = await startBackend()
  gate = await serveWorker({
    entry: 'test/fixtures/jamsocket-gate.ts',
    vars: { ORIGIN: backend.origin },
    rooms: { BACKEND: 'Backend', BACKEND_KEY: 'BackendKey', BACKEND_INDEX: 'BackendIndex' },
  })
})

afterAll(async () => {
  // First the backend: workerd waits for the requests that are under way.
  await backend.stop()
  await gate.stop()
})

interface Spawned {
  readonly name: string
  readonly url: string
  readonly ready_url: string
  readonly status_url: string
  readonly status: string
  readonly spawned: boolean
  readonly bearer_token?: string
}

const ISO = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)
const BEARER_TOKEN = /^s\.[\w-]{72}$/

function post(path: string, body: unknown, key = CONNECT_KEY): Promise<Response> {
  return fetch(gate.origin + path, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body) ?? null,
  })
}

async function spawn(body: object): Promise<Spawned> {
  const response = await post('/v1/user/acme/service/notes/spawn', body)
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
  expect(response.headers.get('content-type')).toBe('application/json')
  return (await response.json()) as Spawned
}

it('spawn: tells where the backend is, and how it begins', async () => {
  const spawned = await spawn({})
  const { name } = spawned
  expect(spawned).toEqual({
    name: expect.stringMatching(/^[a-z0-9]{14}$/),
    url: `${gate.origin}/backends/${name}/`,
    ready_url: `${gate.origin}/backends/${name}/`,
    status_url: `${gate.origin}/v1/backend/${name}/status`,
    status: 'Loading',
    spawned: true,
  })
})

it('schedule_request_bearer_token: gives a bearer token where one is required', async () => {
  expect((await spawn({ require_bearer_token: true })).bearer_token).toMatch(BEARER_TOKEN)
  expect(await spawn({ require_bearer_token: false })).not.toHaveProperty('bearer_token')
})

it('schedule_request_lock: spawns once for a lock, also for two calls at once', async () => {
  const [first, second] = [await spawn({ lock: 'one' }), await spawn({ lock: 'one' })]
  expect([first.spawned, second.spawned]).toEqual([true, false])
  expect([second.name, second.status]).toEqual([first.name, 'Ready'])
  const both = await Promise.all([spawn({ lock: 'at once' }), spawn({ lock: 'at once' })])
  expect(both.filter(({ spawned }) => spawned)).toHaveLength(1)
  expect(new Set(both.map(({ name }) => name)).size).toBe(1)
})

it('schedule_request_lock_with_bearer_token: gives the same lock the same bearer token', async () => {
  const body = { lock: 'locked', require_bearer_token: true }
  const [first, second] = [await spawn(body), await spawn(body)]
  expect(first.bearer_token).toMatch(BEARER_TOKEN)
  expect([second.name, second.bearer_token]).toEqual([first.name, first.bearer_token])
  const both = await Promise.all([
    spawn({ ...body, lock: 'both' }),
    spawn({ ...body, lock: 'both' }),
  ])
  expect(new Set(both.map(({ bearer_token }) => bearer_token)).size).toBe(1)
})

it('a lock is free once its backend has ended, and the next one has another token', async () => {
  const body = { lock: 'again', require_bearer_token: true }
  const first = await spawn(body)
  const ended = await post(`/v1/backend/${first.name}/terminate`, undefined, ADMIN_KEY)
  expect(await ended.json()).toEqual({ status: 'ok' })
  const second = await spawn(body)
  expect(second.spawned).toBe(true)
  expect(second.bearer_token).not.toBe(first.bearer_token)
})

it('a spawn that wants no bearer token does not get the backend of one that does', async () => {
  const { bearer_token } = await spawn({ lock: 'guarded', require_bearer_token: true })
  expect(bearer_token).toMatch(BEARER_TOKEN)
  for (const [path, body] of [
    ['/v1/user/acme/service/notes/spawn', { lock: 'guarded' }],
    ['/v2/service/acme/notes/connect', { key: 'guarded' }],
  ] as const) {
    const refused = await post(path, body)
    expect(refused.status).toBe(409)
    expect(await refused.text()).not.toContain('s.')
  }
})

it.for([
  ['no bearer token', 401, undefined],
  ['its bearer token', 200, 'own'],
  ['the bearer token of another one', 403, 'foreign'],
] as const)('a backend that requires one answers %s with %i', async ([, status, whose]) => {
  const [own, foreign] = [
    await spawn({ require_bearer_token: true }),
    await spawn({ require_bearer_token: true }),
  ]
  const token = whose && { own, foreign }[whose].bearer_token
  const headers = { ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  expect((await fetch(own.url, { headers })).status).toBe(status)
})

it('a backend that requires none is open to everyone who knows its URL', async () => {
  const { url } = await spawn({})
  expect((await fetch(url)).status).toBe(200)
})

it.for([
  ['no key', {}, 401],
  ['a wrong key', { authorization: `Bearer ${ADMIN_KEY}x` }, 401],
  ['a key that may only read', { authorization: `Bearer ${READ_KEY}` }, 403],
] as const)('spawns nothing with %s', async ([, headers, status]) => {
  const path = '/v1/user/acme/service/notes/spawn'
  const response = await fetch(gate.origin + path, { method: 'POST', headers })
  expect(response.status).toBe(status)
  const { error } = (await response.json()) as { error: object }
  expect(Object.keys(error)).toEqual(['message', 'status', 'code', 'id'])
})

it('SessionBackend of @jamsocket/client 0.2: is ready by the status of v1', async () => {
  const { status_url, name } = await spawn({})
  const response = await fetch(status_url)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  expect(await response.json()).toEqual({ state: 'Ready', time: ISO, backend: name })
  const states: string[] = []
  for await (const { data } of eventsOf(await fetch(`${status_url}/stream`))) {
    const { state } = JSON.parse(data) as { state: string }
    states.push(state)
    if (state === 'Ready') await post(`/v1/backend/${name}/terminate`, undefined, ADMIN_KEY)
  }
  expect(states).toEqual(['Loading', 'Starting', 'Ready', 'Terminated'])
})
