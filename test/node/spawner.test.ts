import { afterAll, beforeAll, expect, it } from 'vitest'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import { reportTo, SPAWNER_SECRET, startSpawnerServer } from '../support/spawner-server.ts'
import type { SpawnerServer } from '../support/spawner-server.ts'

const OLD_SECRET = 'whsec_b2xkLXNlY3JldC1vZi10aGUtc3Bhd25lcg=='
const FOREIGN_SECRET = 'whsec_Zm9yZWlnbi1zZWNyZXQtb2Ytbm9ib2R5IQ=='
const executable = { image: 'notebook', env: { TITLE: 'Zoë’s' } }

let spawner: SpawnerServer
let gate: ConnectionGate
beforeAll(async () => {
  spawner = await startSpawnerServer()
  const secret = [SPAWNER_SECRET, OLD_SECRET]
  gate = await serveConnections({ spawner: { url: spawner.url, secret } })
})
afterAll(async () => {
  await gate.stop()
  await spawner.stop()
})

let keys = 0
function freshKey() {
  keys += 1
  return { name: `key-${keys}`, namespace: 'acme/notes' }
}

function report(data: object, how = {}) {
  return reportTo(gate.worker.origin, data, how)
}

async function reported(data: object) {
  const response = await report(data)
  expect(response.status).toBe(200)
  return (await response.json()) as { wanted: string; report_in_ms: number }
}

it('asks the spawner for what does not run yet, and holds requests until it says it does', async () => {
  const key = freshKey()
  const asking = spawner.next()
  const spawn = { executable, max_idle_seconds: 300, lifetime_limit_seconds: 3600 }
  const { backend_id, token, status } = await gate.connect({ key, user: 'zoë' }, spawn)
  expect(status).toBe('scheduled')
  expect(await asking).toMatchObject({
    type: 'backend.spawn',
    id: `spawn-${backend_id}`,
    data: { backend_id, key, executable, max_idle_seconds: 300, lifetime_limit_seconds: 3600 },
  })
  const held = fetch(gate.url(`/${token}/x`))
  for (const step of ['loading', 'starting', 'waiting'])
    await reported({ backend_id, status: step })
  const address = { origin: gate.backend.origin }
  const ready = { backend_id, status: 'ready', address }
  expect(await reported(ready)).toMatchObject({ wanted: 'running' })
  expect(await (await held).json()).toMatchObject({ url: '/x' })
  const statuses = await gate.statusesUntil('ready', backend_id)
  const names = statuses.map((entry) => entry.status)
  expect(names).toEqual(['scheduled', 'loading', 'starting', 'waiting', 'ready'])
})

it('asks once for a key, and tells a static token that opens the backend', async () => {
  const key = freshKey()
  const asking = spawner.next()
  const first = await gate.connect({ key }, { executable, use_static_token: true })
  const asked = await asking
  expect(asked.data.static_token).toBe(first.token)
  expect(asked.data).not.toHaveProperty('max_idle_seconds')
  const before = spawner.asked.length
  const again = await gate.connect({ key }, { executable, use_static_token: true })
  expect(again).toMatchObject({ spawned: false, backend_id: first.backend_id, token: first.token })
  expect(spawner.asked.length).toBe(before)
})

it.for<[what: string, answers: [number, object?][]]>([
  ['once', [[503]]],
  ['twice', [[500], [429]]],
])('asks again where the spawner cannot %s', async ([, answers]) => {
  const before = spawner.asked.length
  spawner.answerWith(...answers)
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  const asked = spawner.asked.slice(before)
  expect(asked.map(({ id }) => id)).toEqual(Array(answers.length + 1).fill(`spawn-${backend_id}`))
})

it.for<[what: string, answers: [number, object?][], status: number, kind: string, message: RegExp]>(
  [
    ['never can', [[503], [500], [502]], 503, 'SpawnerUnavailable', /the spawner cannot be asked/],
    [
      'finds the signature wrong',
      [[401]],
      503,
      'SpawnerUnavailable',
      /the spawner cannot be asked/,
    ],
    ['sends away', [[307]], 503, 'SpawnerUnavailable', /the spawner cannot be asked/],
    [
      'does not run it',
      [[422, { message: 'executable.image: there is no\nsuch image' }]],
      400,
      'InvalidRequest',
      /^spawn_config\.executable\.image: there is no such image$/,
    ],
    [
      'says no more',
      [[422]],
      400,
      'InvalidRequest',
      /^spawn_config\.executable: the spawner does not/,
    ],
  ],
)('leaves nothing half-made where the spawner %s', async ([, answers, status, kind, message]) => {
  const key = freshKey()
  spawner.answerWith(...answers)
  const refused = await gate.control('/ctrl/connect', { key, spawn_config: { executable } })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([
    status,
    status === 503 ? '5' : null,
  ])
  expect(await refused.json()).toMatchObject({
    kind,
    message: expect.stringMatching(message) as string,
  })
  const failed = spawner.asked.at(-1)?.data.backend_id ?? ''
  const statuses = await gate.statusesUntil('terminated', failed)
  expect(statuses.at(-1)).toMatchObject({ termination_reason: 'internalerror' })
  const next = await gate.connect({ key }, { executable })
  expect(next.spawned).toBe(true)
  expect(next.backend_id).not.toBe(failed)
})

it('believes a report where the answer to it was lost', async () => {
  const asking = spawner.next()
  spawner.answerWith([503], [503], [503])
  const connecting = gate.connect({ key: freshKey() }, { executable })
  const { backend_id } = (await asking).data
  expect(await reported({ backend_id, status: 'loading' })).toMatchObject({ wanted: 'running' })
  expect(await connecting).toMatchObject({ backend_id, spawned: true })
})

it('says that the spawner is down where nobody listens', async () => {
  const down = await startSpawnerServer()
  await down.stop()
  const alone = await serveConnections({ spawner: { url: down.url, secret: SPAWNER_SECRET } })
  try {
    const refused = await alone.control('/ctrl/connect', { spawn_config: { executable } })
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.json()).toMatchObject({ kind: 'SpawnerUnavailable' })
  } finally {
    await alone.stop()
  }
})

it.for(['soft', 'hard'] as const)('asks the spawner to end a backend %s', async (kind) => {
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  await reported({ backend_id, status: 'ready', address: { origin: gate.backend.origin } })
  const asking = spawner.next()
  const ended = await gate.control(`/ctrl/b/${backend_id}/${kind}-terminate`)
  expect(ended.status).toBe(200)
  const id = `terminate-${backend_id}-${kind}`
  expect(await asking).toMatchObject({ type: 'backend.terminate', id, data: { backend_id, kind } })
  const status = kind === 'soft' ? 'terminating' : 'hard-terminating'
  expect(await reported({ backend_id, status, reason: 'external' })).toMatchObject({ wanted: kind })
  const over = { backend_id, status: 'terminated', exit_code: 143 }
  expect(await reported(over)).toMatchObject({ wanted: 'nothing' })
  expect((await gate.statusesUntil('terminated', backend_id)).at(-1)).toMatchObject({
    termination_kind: kind,
    termination_reason: 'external',
    exit_error: true,
  })
})

it('holds for ended what the spawner does not know', async () => {
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  spawner.answerWith([404, { message: 'no such backend' }])
  await gate.control(`/ctrl/b/${backend_id}/soft-terminate`)
  expect((await gate.statusesUntil('terminated', backend_id)).at(-1)).toMatchObject({
    termination_reason: 'external',
  })
})

it('ends a backend whose process ended, says so, and starts another for its key', async () => {
  const key = freshKey()
  const { backend_id, token } = await gate.connect({ key }, { executable })
  await reported({ backend_id, status: 'ready', address: { origin: gate.backend.origin } })
  await reported({ backend_id, status: 'terminated', exit_code: 1 })
  expect((await gate.statusesUntil('terminated', backend_id)).at(-1)).toMatchObject({
    exit_error: true,
  })
  expect((await fetch(gate.url(`/${token}/`))).status).toBe(410)
  const next = await gate.connect({ key }, { executable })
  expect(next).toMatchObject({ spawned: true })
  expect(next.backend_id).not.toBe(backend_id)
})

it('takes a report that is signed with the secret before', async () => {
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  const response = await report({ backend_id, status: 'loading' }, { secret: OLD_SECRET })
  expect(response.status).toBe(200)
})

it.for<[what: string, how: object]>([
  ['with a secret that is not known', { secret: FOREIGN_SECRET }],
  ['six minutes ago', { at: new Date(Date.now() - 360_000) }],
  ['in six minutes', { at: new Date(Date.now() + 360_000) }],
])('takes no report that was signed %s', async ([, how]) => {
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  const response = await report({ backend_id, status: 'loading' }, how)
  expect(response.status).toBe(401)
  expect((await gate.statusesUntil('scheduled', backend_id)).length).toBe(1)
})

it('takes no report without a signature, with a body that was changed, or with a long one', async () => {
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  const loading = { backend_id, status: 'loading' }
  const url = gate.url('/_portico/spawner')
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401)
  expect((await report(loading, { change: fromLoading })).status).toBe(401)
  expect((await report({ ...loading, padding: 'x'.repeat(8192) })).status).toBe(413)
  expect((await gate.statusesUntil('scheduled', backend_id)).length).toBe(1)
})

function fromLoading(body: string): string {
  return body.replace('loading', 'waiting')
}

const LOADING = { backend_id: 'a', status: 'loading' }
const READY = { backend_id: 'a', status: 'ready' }

it.for<[what: string, data: object, message: RegExp]>([
  ['no status', { backend_id: 'a' }, /data\.status/],
  ['a status that only the gate gives', { ...LOADING, status: 'scheduled' }, /data\.status/],
  ['a bad name', { ...LOADING, backend_id: 'A/..' }, /data\.backend_id: expected 1 to 45/],
  ['no address', READY, /data\.address: expected/],
  [
    'an address that is none',
    { ...READY, address: { origin: 'ftp://x' } },
    /data\.address: origin/,
  ],
  ['a path in it', { ...READY, address: { origin: 'http://x/y' } }, /data\.address: origin/],
  [
    'a room that is not served',
    { ...READY, address: { room: { party: 'x', room: 'y' } } },
    /party/,
  ],
  ['no reason', { ...LOADING, status: 'terminating' }, /data\.reason/],
  ['an exit code that is none', { ...LOADING, status: 'terminated', exit_code: 'x' }, /exit_code/],
])('takes no report with %s, and names it', async ([, data, message]) => {
  const response = await report(data)
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ message: expect.stringMatching(message) as string })
})

it('takes nothing of what it signed itself for a report', async () => {
  const { backend_id } = await gate.connect({ key: freshKey() }, { executable })
  const data = { backend_id, kind: 'hard' }
  expect((await report(data, { type: 'backend.terminate' })).status).toBe(400)
})

it('wants nothing of a backend that it does not know', async () => {
  const stranger = { backend_id: 'stranger', status: 'ready', address: { origin: 'http://x' } }
  expect(await reported(stranger)).toMatchObject({ wanted: 'nothing' })
})
