import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { identityOf } from '../../src/process-spawner/process-table.ts'
import {
  SECRET,
  ended,
  isAlive,
  prepareSpawner,
  terminateEvent,
  type SpawnerTest,
} from '../support/start-process-spawner.ts'

let test: SpawnerTest
beforeEach(async () => {
  test = await prepareSpawner()
})
afterEach(() => test.stop())

const stubborn = { image: 'impatient', env: { MODE: 'stubborn' } }

it.for<[what: string, executable: object]>([
  ['what ends softly', { image: 'server' }],
  ['what has to be killed', stubborn],
])('leaves no process behind when it is killed: %s', async ([, executable]) => {
  const spawner = await test.start(['--orphan-seconds', '2'])
  const { pid, parent, get } = await spawner.run('b-1', executable)
  const others = (await Promise.all([get('/start-another'), get('/start-stray')])) as number[]
  expect(await spawner.end('SIGKILL')).toBe('SIGKILL')
  expect(isAlive(pid)).toBe(true)
  await Promise.all([pid, parent, ...others].map(ended))
})

it('takes up its running backends after it was killed', async () => {
  const first = await test.start()
  const backend = await first.run('b-1')
  await first.end('SIGKILL')
  const { length } = test.gate.told
  const second = await test.start()
  const origin = { address: { origin: backend.origin } }
  await expect
    .poll(() => test.gate.told.slice(length))
    .toContainEqual({
      ...{ backend_id: 'b-1', status: 'ready' },
      ...origin,
    })
  const later = test.gate.told.slice(length).map(({ status }) => status)
  expect([...new Set(later)]).toEqual(['waiting', 'ready'])
  expect(await second.run('b-1')).toMatchObject({ pid: backend.pid })
  expect(await backend.get('/self')).toMatchObject({ pid: backend.pid })

  await second.post(terminateEvent('b-1', 'soft'))
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: 143 })
  await ended(backend.parent)
})

it('goes on waiting for a backend that was not ready when it was killed', async () => {
  const first = await test.start()
  await first.spawn('b-1', { image: 'probed', env: { MODE: 'unready' } })
  await test.gate.status('b-1', 'waiting')
  await first.end('SIGKILL')
  await test.start()
  const { port } = JSON.parse(await file('b-1/record.json')) as { port: number }
  await expect
    .poll(() => fetch(`http://127.0.0.1:${port}/become-ready`).catch(() => undefined))
    .toBeDefined()
  await test.gate.status('b-1', 'ready')
})

it('learns how a backend ended while there was no spawner', async () => {
  const first = await test.start()
  const { get, parent } = await first.run('b-1')
  await first.end('SIGKILL')
  await get('/exit?code=5').catch(() => undefined)
  await ended(parent)
  await test.start()
  const end = await test.gate.status('b-1', 'terminated')
  expect(end).toEqual({ backend_id: 'b-1', status: 'terminated', exit_code: 5 })
})

it('says what an orphan was ended for', async () => {
  const first = await test.start(['--orphan-seconds', '0.2'])
  const { parent } = await first.run('b-1')
  await first.end('SIGKILL')
  await ended(parent)
  await test.start()
  const end = { reason: 'lost', exit_code: 143 }
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject(end)
})

it('does not start again what ended before it was killed', async () => {
  const first = await test.start()
  const { get } = await first.run('b-1')
  await get('/exit?code=0').catch(() => undefined)
  await test.gate.status('b-1', 'terminated')
  await expect.poll(() => file('b-1/record.json')).toContain('endedAt')
  await first.end('SIGKILL')
  const { length } = test.gate.told
  const second = await test.start()
  expect(await second.spawn('b-1')).toEqual({ status: 202 })
  await second.run('b-2')
  expect(second.logs()).not.toContain('b-1')
  expect(test.gate.told.slice(length).some((told) => told.backend_id === 'b-1')).toBe(false)
})

it('holds for ended what an earlier spawner only wrote down', async () => {
  const first = await test.start()
  await first.run('b-1')
  const record = JSON.parse(await file('b-1/record.json')) as object
  await first.end('SIGTERM')
  const folder = join(test.state, 'backends/b-2')
  await mkdir(folder)
  const unstarted = { ...record, backendId: 'b-2', isReady: false, endedAt: undefined }
  await writeFile(join(folder, 'record.json'), JSON.stringify(unstarted))
  await test.start()
  const end = await test.gate.status('b-2', 'terminated')
  expect(end).toEqual({ backend_id: 'b-2', status: 'terminated', reason: 'lost' })
  // Its guard, should it still come, finds that somebody else has decided.
  expect(await readdir(folder)).toContain('guard.json')
})

it('kills a backend whose guard was killed, and holds it for lost', async () => {
  const spawner = await test.start()
  const { pid, parent, get } = await spawner.run('b-1', stubborn)
  const others = (await Promise.all([get('/start-another'), get('/start-stray')])) as number[]
  process.kill(parent, 'SIGKILL')
  const end = await test.gate.status('b-1', 'terminated')
  expect(end).toEqual({ backend_id: 'b-1', status: 'terminated', reason: 'lost' })
  await Promise.all([pid, ...others].map(ended))
})

it('kills a backend when both its guard and the spawner were killed', async () => {
  const first = await test.start()
  const { pid, parent } = await first.run('b-1', stubborn)
  await first.end('SIGKILL')
  process.kill(parent, 'SIGKILL')
  await ended(parent)
  expect(isAlive(pid)).toBe(true)
  await test.start()
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ reason: 'lost' })
  await ended(pid)
})

it('kills no process that was given the id of a backend’s process', async () => {
  const first = await test.start()
  const { pid, parent } = await first.run('b-1')
  const other = await first.run('b-2')
  await first.end('SIGKILL')
  process.kill(parent, 'SIGKILL')
  process.kill(pid, 'SIGKILL')
  await Promise.all([ended(parent), ended(pid)])
  const earlier = { ...identityOf(other.pid), startedAt: '1' }
  await writeFile(join(test.state, 'backends/b-1/child.json'), JSON.stringify(earlier))
  await test.start()
  await test.gate.status('b-1', 'terminated')
  expect(isAlive(other.pid)).toBe(true)
})

it.for(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
  'ends all backends at a %s, tells the gate, and ends itself',
  async (signal) => {
    const spawner = await test.start()
    const polite = await spawner.run('b-1', { image: 'server', env: { MODE: 'polite' } })
    const other = await spawner.run('b-2', stubborn)
    expect(await spawner.end(signal)).toBe(0)
    expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: 7 })
    expect(await test.gate.status('b-2', 'terminated')).toMatchObject({ exit_code: 137 })
    await Promise.all([polite, other].flatMap(({ pid, parent }) => [ended(pid), ended(parent)]))
  },
)

it('ends all backends also when the gate cannot be told', async () => {
  const spawner = await test.start()
  const { pid, parent } = await spawner.run('b-1')
  test.gate.answerWith(503)
  expect(await spawner.end('SIGTERM')).toBe(0)
  await Promise.all([ended(pid), ended(parent)])
})

it('waits no longer for a slow backend when it is told twice to stop', async () => {
  const spawner = await test.start()
  const { pid } = await spawner.run('b-1', { image: 'server', env: { MODE: 'stubborn' } })
  const end = spawner.end('SIGTERM')
  await test.gate.status('b-1', 'terminating')
  process.kill(spawner.pid, 'SIGTERM')
  expect(await end).toBe(0)
  await ended(pid)
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: 137 })
})

it('leaves its backends to the next spawner where it is told so', async () => {
  const first = await test.start(['--leave-running'])
  const { pid } = await first.run('b-1')
  expect(await first.end('SIGTERM')).toBe(0)
  const second = await test.start()
  expect(await second.run('b-1')).toMatchObject({ pid })
})

it('stops when the process that started it has gone', async () => {
  const spawner = await test.start(['--with-parent'], {}, ['sh', '-c', '"$0" "$@" & wait'])
  const { pid, parent } = await spawner.run('b-1')
  const lock = await readFile(join(test.state, 'lock-1'), 'utf8')
  const ids = [pid, parent, (JSON.parse(lock) as { pid: number }).pid]
  expect(ids.every(isAlive)).toBe(true)
  expect(await spawner.end('SIGKILL')).toBe('SIGKILL')
  await Promise.all(ids.map(ended))
})

it('refuses a state folder that another spawner uses, and takes it when that one was killed', async () => {
  const first = await test.start()
  await first.run('b-1')
  await expect(test.start()).rejects.toThrow(/the state folder \S+: another spawner is using it/)
  await first.end('SIGKILL')
  const both = await Promise.allSettled([test.start(), test.start()])
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
})

it('writes no token, no secret and nothing of an environment to the disk', async () => {
  const spawner = await test.start()
  const env = { MODE: 'polite', TITLE: 'private-title' }
  await spawner.run('b-1', { image: 'server', env }, { static_token: 's.private-token' })
  const names = await readdir(test.state, { recursive: true })
  const texts: string[] = []
  for (const name of names) {
    const path = join(test.state, name)
    if ((await stat(path)).isFile()) texts.push(await readFile(path, 'utf8'))
  }
  expect(texts.length).toBeGreaterThan(3)
  for (const text of texts) {
    expect(text).not.toMatch(/private-|whsec/)
    expect(text).not.toContain(SECRET.slice(6))
  }
})

function file(name: string): Promise<string> {
  return readFile(join(test.state, 'backends', name), 'utf8')
}
