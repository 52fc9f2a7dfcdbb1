import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { ADMIN_KEY, CONNECT_KEY, READ_KEY } from '../support/connection-keys.ts'
import { eventsOf } from '../support/event-stream.ts'
import {
  serveConnections,
  type ConnectionGate,
  type StatusDocument,
} from '../support/serve-connections.ts'

let gate: ConnectionGate
beforeAll(async () => {
  gate = await serveConnections()
})
afterAll(() => gate.stop())

const ENDED = ['scheduled', 'loading', 'starting', 'waiting', 'ready', 'terminating', 'terminated']
const UNTIL_READY = ENDED.slice(0, 5)

async function statusOf(backendId: string): Promise<StatusDocument> {
  return (await (await fetch(gate.url(`/pub/b/${backendId}/status`))).json()) as StatusDocument
}

/** A request that is refused, with Plane's form of an error. */
async function refusal(request: object): Promise<[status: number, kind: string, message: string]> {
  const response = await gate.control('/ctrl/connect', request)
  const error = (await response.json()) as { id: string; kind: string; message: string }
  expect(Object.keys(error)).toEqual(['id', 'kind', 'message'])
  expect(error.id).toMatch(/^[a-z0-9]{14}$/)
  return [response.status, error.kind, error.message]
}

it('controller_status: tells that the controller is there', async () => {
  const headers = { authorization: `Bearer ${READ_KEY}` }
  const response = await fetch(gate.url('/ctrl/status'), { headers })
  expect(response.status).toBe(200)
  const told: unknown = await response.json()
  expect(told).toEqual({ status: 'ok', version: expect.any(String), hash: expect.any(String) })
})

it('health: tells everyone that the gate is there', async () => {
  const response = await fetch(gate.url('/pub/health'))
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
})

it.for<[cluster: string, subdomain: string | undefined, url: RegExp]>([
  ['gate.example', undefined, /^https:\/\/gate\.example\/[\w-]{72}\/$/],
  ['gate.example', 'sub', /^https:\/\/sub\.gate\.example\/[\w-]{72}\/$/],
  ['gate.example:443', undefined, /^https:\/\/gate\.example:443\/[\w-]{72}\/$/],
  ['localhost:9090', 'sub', /^http:\/\/sub\.localhost:9090\/[\w-]{72}\/$/],
])('subdomains: the cluster %s with %s has the URL %s', async ([cluster, subdomain, url]) => {
  const connected = await gate.connect({}, { cluster, subdomain })
  expect(connected.url).toMatch(url)
  expect(connected.subdomain).toBe(subdomain ?? null)
})

it('reuse_key: connects twice to the one backend of a key', async () => {
  const key = { key: { name: 'reused' } }
  const [first, second] = [await gate.connect(key), await gate.connect(key)]
  expect([first.spawned, second.spawned]).toEqual([true, false])
  expect(second.backend_id).toBe(first.backend_id)
  expect(second.token).not.toBe(first.token)
})

it('answers a connect call with every field of Plane’s and nothing undefined', async () => {
  const connected = await gate.connect({ key: { name: 'whole', namespace: 'n' } })
  const { backend_id, token } = connected
  expect(connected).toEqual({
    backend_id: expect.stringMatching(/^[a-z0-9]{14}$/),
    spawned: true,
    status: 'scheduled',
    token: expect.stringMatching(/^[\w-]{72}$/),
    url: gate.url(`/${token}/`),
    subdomain: null,
    secret_token: expect.stringMatching(/^[\w-]{43}$/),
    status_url: gate.url(`/pub/b/${backend_id}/status`),
    drone: null,
    token_id: expect.stringMatching(/^tk-[\w-]+$/),
    expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
})

it('backend_status_in_response: says scheduled at first and later what it has become', async () => {
  const key = { key: { name: 'status' } }
  const first = await gate.connect(key)
  expect([first.spawned, first.status]).toEqual([true, 'scheduled'])
  await gate.statusesUntil('ready', first.backend_id)
  const second = await gate.connect(key)
  expect([second.spawned, second.status]).toEqual([false, 'ready'])
})

it('backend_lifecycle: goes through Plane’s statuses, serves, and ends softly', async () => {
  const { backend_id, token, secret_token } = await gate.connect()
  const begun = await gate.statusesUntil('ready', backend_id)
  expect(begun.map(({ status }) => status)).toEqual(UNTIL_READY)
  expect(await statusOf(backend_id)).toEqual(begun.at(-1))
  const seen = (await (await fetch(gate.url(`/${token}/`))).json()) as SeenWithBody
  expect(seen.cgi['HTTP_X_VERIFIED_SECRET']).toBe(secret_token)

  const ended = gate.statusesUntil('terminated', backend_id)
  const response = await gate.control(`/ctrl/b/${backend_id}/soft-terminate`)
  expect([response.status, await response.json()]).toEqual([200, null])
  const statuses = await ended
  expect(statuses.map(({ status }) => status)).toEqual(ENDED)
  for (const last of statuses.slice(-2)) {
    expect(last).toMatchObject({ termination_kind: 'soft', termination_reason: 'external' })
  }
  expect((await fetch(gate.url(`/${token}/`))).status).toBe(410)
})

it.for([
  ['soft-terminate', 'terminating', 'soft'],
  ['hard-terminate', 'hard-terminating', 'hard'],
] as const)(
  'ends a backend by %s, at both generations of its path',
  async ([how, status, kind]) => {
    for (const cluster of ['', '/c/gate.example']) {
      const { backend_id } = await gate.connect()
      const ended = await gate.control(`/ctrl${cluster}/b/${backend_id}/${how}`)
      expect(ended.status).toBe(200)
      const statuses = await gate.statusesUntil('terminated', backend_id)
      expect(statuses.at(-2)).toMatchObject({ status, termination_kind: kind })
      // Once more is no error: it has ended, as was asked.
      expect((await gate.control(`/ctrl/b/${backend_id}/${how}`)).status).toBe(200)
    }
  },
)

it('answers for a backend that does not exist with 404, on every path', async () => {
  const answers = [
    ...['soft-terminate', 'hard-terminate'].map((path) => gate.control(`/ctrl/b/nobody/${path}`)),
    ...['status', 'status-stream', 'status/stream'].map((path) =>
      fetch(gate.url(`/pub/b/nobody/${path}`)),
    ),
  ]
  for (const response of await Promise.all(answers)) {
    expect(response.status).toBe(404)
    const error = { kind: 'NotFound', message: 'Backend does not exist' }
    expect(await response.json()).toMatchObject(error)
  }
})

it('no_drone_available: refuses what nothing here can run', async () => {
  const spawn_config = { executable: { image: 'nginx' } }
  const message = expect.stringMatching(/^spawn_config\.executable\b.*: /)
  expect(await refusal({ spawn_config })).toEqual([400, 'InvalidRequest', message])
})

it('drone_pools: takes a pool and ignores it', async () => {
  expect(await gate.connect({}, { pool: 'gpu' })).toMatchObject({ spawned: true })
})

it('refuses the tag that the key was not taken with (409 KeyHeld)', async () => {
  await gate.connect({ key: { name: 'tagged', tag: 'a' } })
  const spawn_config = { executable: { origin: gate.backend.origin } }
  const other = { key: { name: 'tagged', tag: 'b' }, spawn_config }
  const message = 'Lock is held but tag does not match.'
  expect(await refusal(other)).toEqual([409, 'KeyHeld', message])
  const same = await gate.connect({ key: { name: 'tagged', tag: 'a' } })
  expect(same.spawned).toBe(false)
})

it.for<[what: string, request: object]>([
  ['a key that nobody holds', { key: { name: 'unheld' } }],
  ['neither key nor spawn config', {}],
])('refuses %s without a spawn config (409 KeyUnheldNoSpawnConfig)', async ([, request]) => {
  const message = 'Lock is unheld but no spawn config was provided.'
  expect(await refusal(request)).toEqual([409, 'KeyUnheldNoSpawnConfig', message])
})

it('connects by the key alone to a backend that is there', async () => {
  const first = await gate.connect({ key: { name: 'alone' } })
  const second = await gate.connect({ key: { name: 'alone' } }, null)
  expect([second.spawned, second.backend_id]).toEqual([false, first.backend_id])
})

it('makes a new backend for the key of one that has ended, and never returns the old', async () => {
  const key = { key: { name: 'ended' } }
  const first = await gate.connect(key)
  await gate.control(`/ctrl/b/${first.backend_id}/soft-terminate`)
  const second = await gate.connect(key)
  expect(second.spawned).toBe(true)
  expect(second.backend_id).not.toBe(first.backend_id)
  expect((await fetch(gate.url(`/${second.token}/`))).status).toBe(200)
})

it.for<[field: string, value: unknown]>([
  ['user', 'alice'],
  ['auth', { role: 'editor' }],
])('refuses a static token with %s, also where the backend is there', async ([field, value]) => {
  const key = { name: `static with ${field}` }
  const executable = { origin: gate.backend.origin }
  const spawn_config = { executable, use_static_token: true }
  const message = expect.stringMatching(`^${field}: `)
  const both = { key, spawn_config, [field]: value }
  expect(await refusal(both)).toEqual([422, 'InvalidRequest', message])
  const first = await gate.connect({ key }, { use_static_token: true })
  expect(await refusal({ key, [field]: value })).toEqual([400, 'InvalidRequest', message])
  // Without them, everyone gets the same token.
  const second = await gate.connect({ key }, null)
  expect(second).toMatchObject({ token: first.token, secret_token: null, expires_at: null })
})

it('tells the statuses after Last-Event-ID and no other', async () => {
  const { backend_id } = await gate.connect()
  await gate.control(`/ctrl/b/${backend_id}/soft-terminate`)
  const read = async (lastEventId: string) => {
    const response = await fetch(gate.url(`/pub/b/${backend_id}/status-stream`), {
      headers: { 'last-event-id': lastEventId },
    })
    const ids: string[] = []
    for await (const { id } of eventsOf(response)) {
      ids.push(id)
      if (id === 'terminated') break
    }
    return ids
  }
  expect(await read('starting')).toEqual(ENDED.slice(3))
  expect(await read('ready')).toEqual(ENDED.slice(5))
  expect(await read('no-such-status')).toEqual(ENDED)
})

it('streams a status when it comes, as an event of Plane’s form', async () => {
  const { backend_id } = await gate.connect()
  const response = await fetch(gate.url(`/pub/c/any/b/${backend_id}/status-stream`))
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    'access-control-allow-origin': '*',
  })
  const events = eventsOf(response)
  for (const status of UNTIL_READY) {
    const { value } = await events.next()
    expect(value).toEqual({
      id: status,
      data: expect.stringMatching(new RegExp(`^{"status":"${status}","time":\\d+}$`)),
    })
  }
  const next = events.next()
  await gate.control(`/ctrl/b/${backend_id}/hard-terminate`)
  expect(await next).toMatchObject({ value: { id: 'hard-terminating' } })
  await events.return(undefined)
})

it.for<[path: string, body: unknown, key: string | undefined, status: number]>([
  ['/ctrl/connect', {}, undefined, 401],
  ['/ctrl/connect', {}, 'not-the-key-but-of-the-same-length-as-it', 401],
  ['/ctrl/connect', {}, `${ADMIN_KEY}x`, 401],
  ['/ctrl/connect', {}, ADMIN_KEY.slice(0, -1), 401],
  ['/ctrl/connect', {}, READ_KEY, 403],
  ['/ctrl/b/nobody/soft-terminate', undefined, CONNECT_KEY, 403],
  ['/ctrl/b/nobody/hard-terminate', undefined, READ_KEY, 403],
  ['/ctrl/b/revoke', { backend_id: 'nobody', user: 'a' }, CONNECT_KEY, 403],
  ['/ctrl/revoke', { backend_id: 'nobody' }, READ_KEY, 403],
])('refuses POST %s %o with the key %s: %i', async ([path, body, key, status]) => {
  const before = await gate.reached()
  const response = await fetch(gate.url(path), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify(body) ?? null,
  })
  expect(response.status).toBe(status)
  expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /)
  expect(await gate.reached()).toBe(before)
})
