import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import type { Backend } from '../../src/objects.ts'
import type { BackendPlan } from '../../src/store/backend-plan.ts'
import type { BackendStatus, StatusEntry } from '../../src/store/backend-status.ts'
import { arrivalOf, backendObject, connectionStore, orderOf } from '../fixtures/connection-store.ts'

const PLAN: BackendPlan = {
  id: 'starting',
  key: undefined,
  executable: {},
  address: undefined,
  cluster: undefined,
  subdomain: undefined,
  lifetimeLimitSeconds: undefined,
  maxIdleSeconds: undefined,
  hasStaticToken: false,
  isOpen: false,
}

const ADDRESS = { kind: 'origin', origin: 'http://127.0.0.1:9000' } as const

/** A backend whose spawner has not said yet where it serves. */
async function startingBackend(plan: Partial<BackendPlan> = {}) {
  const id = crypto.randomUUID()
  const stub = await backendObject(id)
  await stub.open({ plan: { ...PLAN, id, ...plan }, token: undefined })
  return { id, stub }
}

/** As if everything that it keeps had happened so much earlier. */
function age(stub: DurableObjectStub<Backend>, seconds: number): Promise<void> {
  return runInDurableObject(stub, (_, { storage: { sql } }) => {
    const ms = seconds * 1000
    sql.exec('UPDATE backend SET created_at = created_at - ?, used_until = used_until - ?', ms, ms)
    sql.exec('UPDATE backend SET alive_until = alive_until - ?', ms)
    sql.exec('UPDATE statuses SET time = time - ?', ms)
    sql.exec('UPDATE tokens SET expires_at = expires_at - ?', seconds)
  })
}

async function historyOf(stub: DurableObjectStub<Backend>) {
  return (await stub.statuses()).map(({ status }) => status)
}

async function connected(order = orderOf(), settings = {}) {
  const { connections } = connectionStore(settings)
  const result = await connections.connect(order)
  if (!result.ok) throw new Error(result.failure.message)
  const { backendId, token } = result.value
  const admit = () => connections.admit(token, arrivalOf())
  return { connections, backendId, token, admit, stub: await backendObject(backendId) }
}

it('goes through every status of a backend that exists already, and stays ready', async () => {
  const { stub } = await connected()
  expect(await historyOf(stub)).toEqual(['scheduled', 'loading', 'starting', 'waiting', 'ready'])
})

it.for<[ended: 'soft' | 'hard', status: BackendStatus]>([
  ['soft', 'terminating'],
  ['hard', 'hard-terminating'],
])('ends it %s as %s with its reason', async ([kind, status]) => {
  const { connections, backendId, stub } = await connected()
  expect(await connections.terminate(backendId, kind)).toEqual({ ok: true, value: undefined })
  const told = { terminationKind: kind, terminationReason: 'external' }
  expect((await stub.statuses()).slice(-2)).toMatchObject([
    { status, ...told },
    { status: 'terminated', ...told },
  ])
})

it('knows no backend that was never made', async () => {
  const { connections } = connectionStore()
  const unknown = { ok: false, failure: { kind: 'NotFound' } }
  expect(await connections.terminate('nobody', 'soft')).toMatchObject(unknown)
  expect(await connections.statuses('nobody')).toMatchObject(unknown)
  expect(await connections.watch('nobody', undefined)).toMatchObject(unknown)
  const page = { after: undefined, limit: 10 }
  expect(await connections.tokens('nobody', page)).toMatchObject(unknown)
})

function at(status: BackendStatus): StatusEntry {
  return { status, time: 1 }
}

it('stores nothing for a backend that someone only asks about', async () => {
  const stub = await backendObject('never-made')
  const idHash = new ArrayBuffer(32)
  const use = arrivalOf()
  expect(await stub.open({ plan: undefined, token: undefined })).toEqual({ kind: 'unknown' })
  expect(await stub.admit(idHash, use, 'gate.example')).toMatchObject({ kind: 'unknown' })
  expect(await stub.keepAlive(idHash)).toBe('unknown')
  expect(await stub.report(at('ready'), ADDRESS)).toMatchObject({ wanted: 'nothing' })
  expect(await stub.revoke({ kind: 'all' })).toBeUndefined()
  expect(await stub.ended(0)).toBe('unknown')
  await evictDurableObject(stub)
  const tables = await runInDurableObject(stub, (_, { storage: { sql } }) =>
    sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_%' ESCAPE '\\'").toArray(),
  )
  expect(tables).toEqual([])
})

it('takes only later statuses, and no `ready` without an address', async () => {
  const { stub } = await startingBackend()
  for (const status of ['waiting', 'starting', 'waiting', 'ready'] as const) {
    expect(await stub.report(at(status))).toMatchObject({ wanted: 'running' })
  }
  expect(await historyOf(stub)).toEqual(['scheduled', 'waiting'])
  await stub.report(at('ready'), ADDRESS)
  expect(await historyOf(stub)).toEqual(['scheduled', 'waiting', 'ready'])
})

it('tells the history and then what comes, until the end', async () => {
  const { id, stub } = await startingBackend()
  const { connections } = connectionStore()
  const watched = await connections.watch(id, undefined)
  if (!watched.ok) throw new Error(watched.failure.message)
  const reader = watched.value.getReader()
  const next = async () => (await reader.read()).value?.status
  expect(await next()).toBe('scheduled')
  const coming = next()
  await stub.report({ status: 'ready', time: 1 }, ADDRESS)
  expect(await coming).toBe('ready')
  await stub.terminate('soft', 'external')
  expect(await next()).toBe('terminating')
  await stub.report({ status: 'terminated', time: 2, exitError: true })
  expect(await reader.read()).toMatchObject({ value: { status: 'terminated', exitError: true } })
  expect(await reader.read()).toMatchObject({ done: true })

  const later = await connections.watch(id, 'ready')
  if (!later.ok) throw new Error(later.failure.message)
  const rest: StatusEntry[] = []
  for await (const entry of later.value) rest.push(entry)
  expect(rest.map(({ status }) => status)).toEqual(['terminating', 'terminated'])
})

it.for<[outcome: string, code: string]>([
  ['ready', 'ok'],
  ['terminated', 'backend_gone'],
])('holds a request while its backend starts, until it is %s', async ([outcome, code]) => {
  const key = { namespace: 'held', name: outcome, tag: '' }
  const { connections } = connectionStore({ startSeconds: 60, addressSpawners: [laterSpawner] })
  const result = await connections.connect(orderOf({ key }))
  if (!result.ok) throw new Error(result.failure.message)
  const { token, backendId } = result.value
  const stub = await backendObject(backendId)
  const admitted = connections.admit(token, arrivalOf())
  const time = Date.now()
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    sql.exec('UPDATE backend SET address = NULL')
    sql.exec("DELETE FROM statuses WHERE status <> 'scheduled'")
  })
  const held = connections.admit(token, arrivalOf())
  if (outcome === 'ready') await stub.report({ status: 'ready', time }, ADDRESS)
  else await stub.report({ status: 'terminated', time })
  const admission = await held
  expect(admission.ok ? 'ok' : admission.turned.refusal.code).toBe(code)
  await admitted
})

const laterSpawner = { addressOf: () => ADDRESS }

it('does not wait longer than it may for a backend that is starting', async () => {
  const { stub } = await startingBackend()
  expect(await stub.ended(0)).toBe('alive')
  await stub.terminate('soft', 'external')
  expect(await stub.ended(1)).toBe('alive')
  await stub.report({ status: 'terminated', time: Date.now() })
  expect(await stub.ended(60_000)).toBe('ended')
})

it('gives the key on only when the backend that is ending has ended', async () => {
  const { connections } = connectionStore()
  const key = { namespace: 'ending', name: 'a', tag: '' }
  const result = await connections.connect(orderOf({ key }))
  if (!result.ok) throw new Error(result.failure.message)
  const stub = await backendObject(result.value.backendId)
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    sql.exec("UPDATE backend SET plan = json_remove(plan, '$.address')")
  })
  await connections.terminate(result.value.backendId, 'soft')
  const waiting = connections.connect(orderOf({ key }))
  await stub.report({ status: 'terminated', time: Date.now() })
  const next = await waiting
  expect(next).toMatchObject({ ok: true, value: { spawned: true } })
})

it.for<[what: string, limits: object, seconds: number, reason: string | undefined]>([
  ['unused', { maxIdleSeconds: 60 }, 76, 'swept'],
  ['used', { maxIdleSeconds: 60 }, 14, undefined],
  ['at the end of its lifetime', { lifetimeLimitSeconds: 60 }, 61, 'swept'],
  ['before the end of its lifetime', { lifetimeLimitSeconds: 60 }, 59, undefined],
])('ends a backend that is %s: %o after %i s: %s', async ([, limits, seconds, reason]) => {
  const { stub, admit } = await connected(orderOf({}, limits))
  expect(await admit()).toMatchObject({ ok: true })
  await age(stub, seconds)
  await evictDurableObject(stub)
  await runDurableObjectAlarm(stub)
  const last = (await stub.statuses()).at(-1)
  expect(last?.terminationReason).toBe(reason)
  expect(last?.status).toBe(reason === undefined ? 'ready' : 'terminated')
})

it('ends a backend that does not start', async () => {
  const { stub } = await startingBackend()
  await age(stub, 299)
  expect(await stub.report(at('waiting'))).toMatchObject({ wanted: 'running' })
  await runDurableObjectAlarm(stub)
  expect(await historyOf(stub)).toEqual(['scheduled', 'waiting'])
  await age(stub, 1)
  await runDurableObjectAlarm(stub)
  expect((await stub.statuses()).at(-1)).toMatchObject({
    status: 'hard-terminating',
    terminationReason: 'startuptimeout',
    terminationKind: 'hard',
  })
})

it.for<[status: BackendStatus]>([['scheduled'], ['waiting'], ['ready'], ['terminating']])(
  'holds a backend for lost that nobody reports as %s for a minute',
  async ([status]) => {
    const { stub } = await startingBackend()
    await stub.report(at(status), ADDRESS)
    await age(stub, 59)
    await evictDurableObject(stub)
    await runDurableObjectAlarm(stub)
    expect((await historyOf(stub)).at(-1)).toBe(status)
    await age(stub, 1)
    await runDurableObjectAlarm(stub)
    const last = (await stub.statuses()).at(-1)
    expect(last).toMatchObject({ status: 'terminated', terminationReason: 'lost' })
    expect(await stub.report(at(status), ADDRESS)).toMatchObject({ wanted: 'nothing' })
  },
)

it('does not count the time that a backend takes to start as idle', async () => {
  const { stub } = await startingBackend({ maxIdleSeconds: 5 })
  await age(stub, 50)
  await runDurableObjectAlarm(stub)
  await stub.report({ status: 'ready', time: Date.now() }, ADDRESS)
  await runDurableObjectAlarm(stub)
  expect(await historyOf(stub)).toEqual(['scheduled', 'ready'])
  await age(stub, 5)
  await runDurableObjectAlarm(stub)
  expect((await historyOf(stub)).at(-1)).toBe('terminating')
})

it('keeps nothing alive by an old report', async () => {
  const { stub } = await startingBackend()
  await age(stub, 30)
  await stub.report(at('ready'), ADDRESS, Date.now() - 40_000)
  await age(stub, 30)
  await runDurableObjectAlarm(stub)
  expect((await stub.statuses()).at(-1)).toMatchObject({ terminationReason: 'lost' })
})

it.for<[what: string, limits: Partial<BackendPlan>, ms: number]>([
  ['every 15 s', {}, 15_000],
  ['when it would have idled out', { maxIdleSeconds: 5 }, 5050],
  ['when its lifetime is over', { lifetimeLimitSeconds: 7 }, 7050],
])('is asked to be reported %s', async ([, limits, ms]) => {
  const { stub } = await startingBackend(limits)
  const { reportInMs } = await stub.report({ status: 'ready', time: Date.now() }, ADDRESS)
  expect(reportInMs).toBeLessThanOrEqual(ms)
  expect(reportInMs).toBeGreaterThan(ms - 1000)
})

it.for<[kind: 'soft' | 'hard', status: BackendStatus]>([
  ['soft', 'terminating'],
  ['hard', 'hard-terminating'],
])('tells its spawner to end it %s, and why it ended once it has', async ([kind, status]) => {
  const { stub } = await startingBackend()
  await stub.report(at('ready'), ADDRESS)
  expect(await stub.terminate(kind, 'external')).toBe('ending')
  expect(await stub.report(at('ready'), ADDRESS)).toMatchObject({ wanted: kind })
  const over = { ...at('terminated'), exitError: true }
  expect(await stub.report(over)).toMatchObject({ wanted: 'nothing' })
  const told = { terminationKind: kind, terminationReason: 'external' }
  expect((await stub.statuses()).slice(-2)).toEqual([
    { status, time: expect.any(Number) as number, ...told },
    { status: 'terminated', time: 1, exitError: true, ...told },
  ])
})

it('forgets expired tokens, and a week after its end everything', async () => {
  const { stub, connections, backendId } = await connected()
  const page = { after: undefined, limit: 10 }
  await age(stub, 3600 + 60)
  await runDurableObjectAlarm(stub)
  expect(await connections.tokens(backendId, page)).toMatchObject({ value: { items: [] } })
  await connections.terminate(backendId, 'soft')
  await age(stub, 7 * 24 * 3600 - 1)
  await runDurableObjectAlarm(stub)
  expect(await connections.statuses(backendId)).toMatchObject({ ok: true })
  await age(stub, 1)
  await runDurableObjectAlarm(stub)
  expect(await connections.statuses(backendId)).toMatchObject({ failure: { kind: 'NotFound' } })
  // The same instance can be made a backend again.
  await stub.open({ plan: { ...PLAN, id: backendId }, token: undefined })
  expect(await historyOf(stub)).toEqual(['scheduled'])
})

/** A backend that ended more than a week ago, in the list of a namespace of its own. */
async function forgotten() {
  const namespace = crypto.randomUUID()
  const backendId = `of-${namespace}`
  const order = (name: string) => orderOf({ key: { namespace, name, tag: '' } }, { id: backendId })
  const { connections, stub } = await connected(order('old'))
  const index = env.BACKEND_INDEX.getByName(namespace)
  await connections.terminate(backendId, 'soft')
  const days = 8 * 24 * 3600
  await age(stub, days)
  await runInDurableObject(index, (_, { storage: { sql } }) =>
    sql.exec('UPDATE backends SET created_at = created_at - ?', days * 1000),
  )
  await runDurableObjectAlarm(stub)
  const list = () => connections.backends(namespace, { after: undefined, limit: 10 })
  return { backendId, index, list, connectAgain: () => connected(order('new')) }
}

it('lists no backend that was forgotten', async () => {
  const { index, list } = await forgotten()
  expect(await index.page('', 10)).toHaveLength(1)
  expect(await list()).toEqual({ ok: true, value: { items: [], next: undefined } })
  expect(await index.page('', 10)).toEqual([])
})

it('lists a backend that is made of a forgotten id, also while someone reads the list', async () => {
  const { backendId, index, list, connectAgain } = await forgotten()
  await connectAgain()
  // As a reader does that found the old one forgotten before the new one was made.
  await index.leave([backendId])
  const listed = await list()
  expect(listed).toMatchObject({ value: { items: [{ backendId, key: { name: 'new' } }] } })
  const [item] = listed.ok ? listed.value.items : []
  expect(Date.now() - (item?.createdAt ?? 0)).toBeLessThan(60_000)
})

it('lists a backend as made when it was entered first', async () => {
  const index = env.BACKEND_INDEX.getByName(crypto.randomUUID())
  const entry = { backendId: 'twice', key: undefined, createdAt: 1000 }
  await index.enter(entry)
  await index.enter({ ...entry, createdAt: 61_000 })
  expect(await index.page('', 10)).toEqual([entry])
})

it('sweeps many expired tokens in bounded batches, one alarm after the other', async () => {
  const { stub } = await connected()
  await runInDurableObject(stub, (_, { storage: { sql } }) => {
    sql.exec(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
      INSERT INTO tokens SELECT randomblob(32), NULL, '{}', 0, 1, 2, NULL, NULL, NULL, NULL, NULL FROM n`)
  })
  const left = () =>
    runInDurableObject(
      stub,
      (_, { storage: { sql } }) =>
        sql.exec<{ n: number }>('SELECT count(*) AS n FROM tokens').one().n,
    )
  const counts: number[] = []
  await stub.report({ status: 'terminating', time: Date.now() })
  while ((await left()) > 1 && counts.length < 5) {
    await runDurableObjectAlarm(stub)
    counts.push(await left())
  }
  expect(counts).toEqual([701, 201, 1])
})

it('keeps tokens through an eviction', async () => {
  const { stub, admit } = await connected(orderOf({ user: 'alice' }))
  await evictDurableObject(stub)
  expect(await admit()).toMatchObject({ ok: true, value: { user: 'alice' } })
})

it('says why an open connection may not stay open', async () => {
  const { connections, token, backendId } = await connected(orderOf({ maxUses: 1 }))
  await connections.admit(token, arrivalOf())
  expect(await connections.keepAlive(token)).toBeUndefined()
  const { token: other } = await connected()
  await connections.revoke({ backendId })
  expect(await connections.keepAlive(token)).toMatchObject({ code: 'token_revoked' })
  expect(await connections.keepAlive(other)).toBeUndefined()
})

it.for([
  [1, 1],
  [undefined, 0],
] as const)(
  'asks again within the time that a use counts for, where a backend with max_idle_seconds %s may idle out: %i',
  async ([maxIdleSeconds, calls]) => {
    const { connections, clock, reached } = connectionStore({ rememberSeconds: 60 })
    const result = await connections.connect(orderOf({}, { maxIdleSeconds }))
    const token = result.ok ? result.value.token : ''
    expect((await connections.admit(token, arrivalOf())).ok).toBe(true)
    const before = reached.length
    clock.now += 6000
    await connections.admit(token, arrivalOf())
    expect(reached.length - before).toBe(calls)
  },
)
