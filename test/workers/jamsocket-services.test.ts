import { expect, it } from 'vitest'
import { servicesOf, type JamsocketServices } from '../../src/jamsocket/services.ts'

const OPTION = 'connections.jamsocketServices'
const NAMES = `${OPTION}: expected account/service or account/service/environment`

it.for<[services: object, message: string]>([
  [{ notes: {} }, NAMES],
  [{ '/notes': {} }, NAMES],
  [{ 'acme/notes/a/b': {} }, NAMES],
  [{ 'acme/no tes': {} }, NAMES],
  [{ 'acme/..': {} }, NAMES],
  [{ [`acme/${'n'.repeat(65)}`]: {} }, NAMES],
  [{ 'acme/notes': null }, `${OPTION}.acme/notes: expected an object`],
  [{ 'acme/notes': { executable: 'x' } }, `${OPTION}.acme/notes.executable: expected an object`],
  [{ 'acme/notes': { executable: [] } }, `${OPTION}.acme/notes.executable: expected an object`],
  [{ 'acme/notes': { cluster: 'a b' } }, `${OPTION}.acme/notes.cluster: expected host`],
  [{ 'acme/notes': { cluster: '' } }, `${OPTION}.acme/notes.cluster: expected host`],
  [{ 'acme/notes': { maxIdleSeconds: 0 } }, `${OPTION}.acme/notes.maxIdleSeconds: expected whole`],
  [{ 'acme/notes': { maxIdleSeconds: 2 ** 31 } }, `${OPTION}.acme/notes.maxIdleSeconds: expected`],
  [
    { 'acme/notes': { lifetimeLimitSeconds: '9' } },
    `${OPTION}.acme/notes.lifetimeLimitSeconds: expected whole`,
  ],
  [
    { 'acme/notes': {}, 'acme/notes/default': {} },
    `${OPTION}.acme/notes/default: it stands there twice`,
  ],
])('refuses to start with %j', ([services, message]) => {
  expect(() => servicesOf(services as JamsocketServices)).toThrow(message)
})

it('takes an environment for what it is, and lists its service once', () => {
  const { find, all } = servicesOf({
    '-/-': {},
    'acme/notes': { maxIdleSeconds: 5 },
    'acme/notes/staging': { cluster: 'rooms.example:8080' },
  })
  expect(all).toEqual([
    { account: '-', service: '-' },
    { account: 'acme', service: 'notes' },
  ])
  const notes = { account: 'acme', service: 'notes' }
  expect(find(notes, 'default')?.config).toEqual({ maxIdleSeconds: 5 })
  expect(find(notes, 'staging')?.config).toEqual({ cluster: 'rooms.example:8080' })
  expect(find(notes, 'production')).toBe(undefined)
})
