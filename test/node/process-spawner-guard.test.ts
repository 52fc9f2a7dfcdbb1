import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { GuardOrder } from '../../src/process-spawner/guard-channel.ts'
import {
  identityOf,
  isRunning,
  signalGroup,
  type ProcessIdentity,
} from '../../src/process-spawner/process-table.ts'

const GUARD = join(import.meta.dirname, '../../src/process-spawner/guard.ts')
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'portico-guard-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const order: GuardOrder = {
  backendId: 'b-1',
  port: 1,
  command: ['node', '-e', "require('fs').writeFileSync('started', '')"],
  directory: '.',
  environment: { PATH: process.env['PATH'] ?? '' },
  stopGraceMs: 1000,
  lifetimeMs: undefined,
  orphanLimitMs: 30_000,
  unreachableLimitMs: 60_000,
}

it('ends when the spawner died before it gave an order', async () => {
  const guard = startGuard()
  guard.disconnect()
  expect(await once(guard, 'exit')).toEqual([1, null])
  expect(await readdir(folder)).toEqual([])
})

it('starts its backend, and writes down how it ended', async () => {
  const guard = startGuard()
  guard.send(order)
  expect(await once(guard, 'exit')).toEqual([0, null])
  expect((await readdir(folder)).toSorted()).toEqual([
    'child.json',
    'end.json',
    'guard.json',
    'output.log',
    'started',
  ])
})

it('starts nothing when a later spawner has told the gate that it did not', async () => {
  await writeFile(join(folder, 'guard.json'), '{}')
  const guard = startGuard()
  guard.send(order)
  expect(await once(guard, 'exit')).toEqual([1, null])
  expect(await readdir(folder)).not.toContain('started')
})

it.for<[what: string, change: Partial<GuardOrder>]>([
  ['there is no such program', { command: ['there-is-no-such-program'] }],
  ['its directory has gone', { directory: 'nowhere' }],
  ['its environment is too large', { environment: { PATH: '/bin', BIG: 'x'.repeat(4 << 20) } }],
])('writes down that its backend could not be started: %s', async ([, change]) => {
  const guard = startGuard()
  guard.send({ ...order, ...change })
  expect(await once(guard, 'exit')).toEqual([0, null])
  const end: unknown = JSON.parse(await readFile(join(folder, 'end.json'), 'utf8'))
  expect(end).toEqual({ reason: 'internalerror' })
})

it.for([0, 1])('signals no group that would be more than one backend: %i', (pid) => {
  expect(signalGroup(pid, 0)).toBe(false)
})

it('takes a process for running by its id and its start, and no other', () => {
  const self = identityOf(process.pid)
  expect(self).toMatchObject({ pid: process.pid })
  expect(isRunning({ pid: process.pid, startedAt: '', ...self })).toBe(true)
  expect(isRunning({ pid: process.pid, startedAt: '1' })).toBe(false)
  expect(isRunning(JSON.parse('{"pid":0}') as ProcessIdentity)).toBe(false)
})

function startGuard() {
  return fork(GUARD, {
    cwd: folder,
    env: {},
    execArgv: [],
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
}
