import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { subjectName } from '../../src/ticket/subject-name.ts'
import { decodeBase64url } from '../../src/verify/base64url.ts'
import type { Subject } from '../../src/objects.ts'
import { makeTicket, readTicket, ticketKey } from '../../src/ticket/ticket.ts'
import { ticketGate, TICKET_KEY, UPGRADE } from '../fixtures/ticket-gate.ts'
import { ISSUER, mintToken } from '../support/mint-token.ts'

const KEPT = { destination: 'room main/x', origin: undefined, identity: '{}' }

/** An object of its own for each test. */
function freshSubject() {
  return env.SUBJECT.getByName(crypto.randomUUID())
}

function rowsOf(stub: ReturnType<typeof freshSubject>): Promise<number> {
  return runInDurableObject(
    stub,
    (_, { storage }) =>
      storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM tickets').one().n,
  )
}

it('gives a ticket out once, also to callers that ask at the same time', async () => {
  const subject = freshSubject()
  await subject.keepTicket({ ...KEPT, id: 'a', expiresAt: 1000 }, 990)
  const asks = Array.from({ length: 100 }, async (): Promise<unknown> =>
    subject.redeemTicket('a', 999),
  )
  const answers = await Promise.all(asks)
  const given = answers.filter((answer) => answer !== undefined)
  expect(given).toHaveLength(1)
  expect(given[0]).toMatchObject({ ...KEPT, id: 'a', expiresAt: 1000 })
})

it.for([
  [999.999, true],
  [1000, false],
  [1001, false],
] as const)('ends a ticket of second 1000 on time: at %d it counts: %s', async ([now, counts]) => {
  const subject = freshSubject()
  await subject.keepTicket({ ...KEPT, id: 'a', expiresAt: 1000 }, 990)
  expect((await subject.redeemTicket('a', now)) !== undefined).toBe(counts)
})

it('refuses an expired ticket in the Worker already, by its own text', async () => {
  const keys = [await ticketKey(TICKET_KEY)] as const
  const name = await subjectName(ISSUER, 'alice')
  const { text, id } = await makeTicket(name, 1000, keys[0])
  const read = await readTicket(text, keys, 999)
  expect(read).toEqual({ ok: true, value: { subject: name, id, expiresAt: 1000 } })
  expect(await readTicket(text, keys, 1000)).toMatchObject({ refusal: { code: 'token_expired' } })
})

it('keeps the tickets of one person from those of another', async () => {
  const names = await Promise.all([
    subjectName('a', 'b'),
    subjectName('a","b', ''),
    subjectName('', 'ab'),
    subjectName('ab', ''),
  ])
  expect(new Set(names).size).toBe(4)
  const { ticket } = await ticketGate().issue(undefined, {
    authorization: `Bearer ${await mintToken({ sub: 'bob' })}`,
  })
  const bob = env.SUBJECT.getByName(await subjectName(ISSUER, 'bob'))
  expect(await rowsOf(bob)).toBe(1)
  const keys = [await ticketKey(TICKET_KEY)]
  const read = await readTicket(ticket, keys, 0)
  const id = read.ok ? read.value.id : ''
  expect(id).toMatch(/^[\w-]{22}$/)
  const carol = env.SUBJECT.getByName(await subjectName(ISSUER, 'carol'))
  expect(await carol.redeemTicket(id, 0)).toBeUndefined()
})

it('stores hashes only: nothing in its tables opens a socket', async () => {
  const sub = crypto.randomUUID()
  const token = await mintToken({ sub })
  const { ticket } = await ticketGate().issue(undefined, { authorization: `Bearer ${token}` })
  const read = await readTicket(ticket, [await ticketKey(TICKET_KEY)], 0)
  const id = read.ok ? read.value.id : ''
  const subject = env.SUBJECT.getByName(await subjectName(ISSUER, sub))
  const dump = await runInDurableObject(subject, (_, { storage: { sql } }) => {
    const tables = sql
      .exec<{ name: string }>(
        `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
      )
      .toArray()
    return tables.flatMap(({ name }) => [...sql.exec(`SELECT * FROM "${name}"`).raw()])
  })
  const values = dump.flat()
  const texts = values.map((value) =>
    value instanceof ArrayBuffer ? bytesAsText(new Uint8Array(value)) : String(value),
  )
  expect(texts.join('\n')).toContain(sub)
  for (const secret of [ticket, id, token]) expect(texts.join('\n')).not.toContain(secret)
  expect(texts).not.toContain(bytesAsText(decodeBase64url(id) ?? new Uint8Array()))
})

it('keeps a ticket while its object is evicted between issuing and redeeming', async () => {
  const sub = crypto.randomUUID()
  const { issue, send } = ticketGate()
  const { ticket } = await issue(undefined, {
    authorization: `Bearer ${await mintToken({ sub })}`,
  })
  await evictDurableObject(env.SUBJECT.getByName(await subjectName(ISSUER, sub)))
  const response = await send(`/parties/main/x?ticket=${ticket}`, { headers: UPGRADE })
  expect(response.status).toBe(101)
})

it('forgets expired tickets by its alarm, in bounded batches, and no other', async () => {
  const later = Math.floor(Date.now() / 1000) + 3600
  // Inside of the object: an alarm in the past would run by itself between two counts from outside.
  const counts = await runInDurableObject(freshSubject(), async (subject: Subject, { storage }) => {
    for (let index = 0; index < 1100; index++) {
      const old = { ...KEPT, id: `old ${index}`, expiresAt: later - 7200 }
      expect(await subject.keepTicket(old, later - 7200)).toBe(true)
    }
    await subject.keepTicket({ ...KEPT, id: 'new', expiresAt: later }, later - 7200)
    await storage.deleteAlarm()
    const counted: [rows: number, alarm: number | null][] = []
    for (let sweep = 0; sweep < 4; sweep++) {
      await subject.alarm()
      const { n } = storage.sql.exec<{ n: number }>('SELECT count(*) AS n FROM tickets').one()
      counted.push([n, await storage.getAlarm()])
      await storage.deleteAlarm()
    }
    return counted
  })
  expect(counts.map(([rows]) => rows)).toEqual([601, 101, 1, 1])
  expect(counts.at(-1)).toEqual([1, later * 1000])
})

it('sets an alarm with the first ticket, at its end, and none when all are gone', async () => {
  const subject = freshSubject()
  const expiresAt = Math.floor(Date.now() / 1000) + 3600
  await subject.keepTicket({ ...KEPT, id: 'a', expiresAt }, expiresAt - 60)
  await subject.keepTicket({ ...KEPT, id: 'b', expiresAt: expiresAt + 60 }, expiresAt - 60)
  const alarm = () => runInDurableObject(subject, (_, { storage }) => storage.getAlarm())
  expect(await alarm()).toBe(expiresAt * 1000)
  await subject.redeemTicket('a', 0)
  await subject.redeemTicket('b', 0)
  expect(await runDurableObjectAlarm(subject)).toBe(true)
  expect(await alarm()).toBeNull()
})

/** What an object holds on disk: its tables, the platform's own among them. */
function tablesOf(stub: ReturnType<typeof freshSubject>): Promise<readonly string[]> {
  return runInDurableObject(stub, (_, { storage: { sql } }) =>
    sql
      .exec<{ name: string }>('SELECT name FROM sqlite_master')
      .toArray()
      .map(({ name }) => name),
  )
}

it.for([
  ['the instance that lives on', async () => {}],
  ['a fresh instance', evictDurableObject],
] as const)(
  'gives its storage back with the last ticket, and %s takes new ones',
  async ([, settle]) => {
    const subject = freshSubject()
    const expiresAt = Math.floor(Date.now() / 1000) + 3600
    const now = expiresAt - 60
    for (const round of [1, 2]) {
      const [used, left] = [`used ${round}`, `left ${round}`]
      expect(await subject.keepTicket({ ...KEPT, id: used, expiresAt }, now)).toBe(true)
      expect(await subject.keepTicket({ ...KEPT, id: left, expiresAt }, now)).toBe(true)
      expect(await tablesOf(subject)).toContain('tickets')
      expect(await subject.redeemTicket(used, now)).toMatchObject({ id: used })
      await runDurableObjectAlarm(subject)
      expect(await subject.redeemTicket(left, now)).toMatchObject({ id: left })
      expect(await runDurableObjectAlarm(subject)).toBe(true)
      expect(await tablesOf(subject)).toEqual([])
      await settle(subject)
      // What was used stays used, and asking for it stores nothing.
      expect(await subject.redeemTicket(used, now)).toBeUndefined()
      expect(await tablesOf(subject)).toEqual([])
      expect(await runInDurableObject(subject, (_, { storage }) => storage.getAlarm())).toBeNull()
    }
  },
)

it('survives an alarm that finds nothing', async () => {
  const subject = freshSubject()
  await runInDurableObject(subject, (_, { storage }) => storage.setAlarm(Date.now() + 3_600_000))
  expect(await runDurableObjectAlarm(subject)).toBe(true)
  expect(await tablesOf(subject)).toEqual([])
})

it('keeps at most 100 open tickets, also of callers that ask at the same time', async () => {
  const subject = freshSubject()
  const keep = (id: string, now: number) =>
    subject.keepTicket({ ...KEPT, id, expiresAt: 1000 }, now) as Promise<boolean>
  const asked = Array.from({ length: 110 }, (_, index) => keep(`${index}`, 990))
  const kept = (await Promise.all(asked)).flatMap((isKept, index) => (isKept ? [index] : []))
  expect(kept).toHaveLength(100)
  expect(await keep('another', 999.999)).toBe(false)
  // A place is free again once one is used, and all are once they have expired.
  expect(await subject.redeemTicket(`${kept[0]}`, 999)).toBeDefined()
  expect(await keep('after the used one', 999)).toBe(true)
  expect(await keep('too many again', 999)).toBe(false)
  expect(await keep('after the expired ones', 1000)).toBe(true)
})

function bytesAsText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
}
