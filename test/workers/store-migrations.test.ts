import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { BACKEND_MIGRATIONS } from '../../src/store/backend-schema.ts'
import { migrateWith } from '../../src/store/migrate.ts'
import { arrivalOf, backendObject, connectionStore, orderOf } from '../fixtures/connection-store.ts'

const MIGRATIONS = [
  'CREATE TABLE things (first INTEGER) STRICT',
  'ALTER TABLE things ADD COLUMN second INTEGER',
  'ALTER TABLE things ADD COLUMN third INTEGER',
]

it.for<[versions: readonly number[], columns: readonly string[]]>([
  [[1], ['first']],
  [
    [1, 1, 2],
    ['first', 'second'],
  ],
  [[3], ['first', 'second', 'third']],
  [
    [3, 1, 3],
    ['first', 'second', 'third'],
  ],
  [
    [2, 1],
    ['first', 'second'],
  ],
  [
    [2, 1, 2, 3, 1, 2, 3],
    ['first', 'second', 'third'],
  ],
])('has the tables of the newest version that ran: %o', async ([versions, columns]) => {
  const stub = env.BACKEND.getByName(crypto.randomUUID())
  const stored = await runInDurableObject(stub, (_, { storage }) => {
    for (const version of versions) migrateWith(storage, MIGRATIONS.slice(0, version))
    const { sql } = storage
    return {
      columns: [...sql.exec("SELECT name FROM pragma_table_info('things')").raw()].flat(),
      version: [...sql.exec('SELECT version FROM schema_version').raw()],
    }
  })
  expect(stored).toEqual({ columns, version: [[columns.length]] })
})

it('lets a token in after an older Worker was back for a while', async () => {
  const { connections } = connectionStore()
  const result = await connections.connect(orderOf({ user: 'alice' }))
  if (!result.ok) throw new Error(result.failure.message)
  const stub = await backendObject(result.value.backendId)
  await runInDurableObject(stub, (_, { storage }) =>
    migrateWith(storage, BACKEND_MIGRATIONS.slice(0, -1)),
  )
  await evictDurableObject(stub)
  const admission = await connections.admit(result.value.token, arrivalOf())
  expect(admission).toMatchObject({ ok: true, value: { user: 'alice' } })
})
