import { existsSync } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import {
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

it('reports each step in its order, and where the backend serves', async () => {
  const spawner = await test.start()
  const backend = await spawner.run('b-1')
  const steps = test.gate.told.map(({ status }) => status)
  expect([...new Set(steps)]).toEqual(['loading', 'starting', 'waiting', 'ready'])
  expect(backend.origin).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
  expect(await test.gate.next('b-1')).toEqual({
    backend_id: 'b-1',
    status: 'ready',
    address: { origin: backend.origin },
  })
  expect(test.gate.unsigned()).toBe(0)
})

it('gives a process exactly the environment that it promises, and nothing of its own', async () => {
  const spawner = await test.start([], {
    OWN: 'of the spawner',
    NODE_V8_COVERAGE: join(test.state, 'coverage'),
    PATH: '/somewhere/else',
  })
  const executable = { image: 'server', env: { TITLE: 'a "title" $HOME' } }
  const backend = await spawner.run('b-1', executable, { static_token: 's.token' })
  const { PATH, ...environment } = backend.environment
  expect(environment).toEqual({
    TITLE: 'a "title" $HOME',
    HOST: '127.0.0.1',
    PORT: new URL(backend.origin).port,
    SESSION_BACKEND_ID: 'b-1',
    SESSION_BACKEND_STATIC_TOKEN: 's.token',
  })
  expect(PATH?.split(':').slice(1)).toEqual(['/usr/local/bin', '/usr/bin', '/bin'])
  const ofGuard = await readFile(`/proc/${backend.parent}/environ`, 'utf8').catch(() => '')
  expect(ofGuard).not.toMatch(/OWN|SPAWNER_SECRET|SESSION_BACKEND/)
})

it('adds what the catalogue fixes, lets the caller change what it allows, and uses no shell', async () => {
  const spawner = await test.start()
  const own = await spawner.run('own', { image: 'fixed', env: { TITLE: 'of the caller' } })
  const plain = await spawner.run('plain', { image: 'fixed', env: null })
  expect(own.environment).toMatchObject({ MODE: 'fixed', TITLE: 'of the caller' })
  expect(own.environment).not.toHaveProperty('SESSION_BACKEND_STATIC_TOKEN')
  expect(plain.environment).toMatchObject({ MODE: 'fixed', TITLE: 'of the catalogue' })
  expect(plain.arguments).toEqual(['$HOME; echo', '--flag'])
  expect(plain.directory).toBe(join(import.meta.dirname, '../support/spawned'))
  expect(plain.origin).not.toBe(own.origin)
})

it('reports ready when the probe is answered with success, and not before', async () => {
  const spawner = await test.start()
  await spawner.spawn('b-1', { image: 'probed', env: { MODE: 'unready' } })
  await test.gate.status('b-1', 'waiting')
  const record = await readFile(join(test.state, 'backends/b-1/record.json'), 'utf8')
  const { port } = JSON.parse(record) as { port: number }
  const origin = `http://127.0.0.1:${port}`
  await expect.poll(() => fetch(`${origin}/healthz`).then(({ status }) => status)).toBe(503)
  expect((await test.gate.next('b-1')).status).toBe('waiting')
  await fetch(`${origin}/become-ready`)
  expect(await test.gate.status('b-1', 'ready')).toMatchObject({ address: { origin } })
})

it('ends what is not ready in time, and says so', async () => {
  const spawner = await test.start()
  await spawner.spawn('b-1', { image: 'late' })
  expect(await test.gate.status('b-1', 'terminating')).toMatchObject({ reason: 'startuptimeout' })
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({
    reason: 'startuptimeout',
    exit_code: 143,
  })
})

it.for<[what: string, executable: object, told: object]>([
  ['its code', { image: 'server', env: { MODE: 'fails' } }, { exit_code: 3 }],
  ['that there is no such program', { image: 'missing' }, { reason: 'internalerror' }],
])('reports of a process that ends before it is ready: %s', async ([, executable, told]) => {
  const spawner = await test.start()
  await spawner.spawn('b-1', executable)
  const end = await test.gate.status('b-1', 'terminated')
  expect(end).toEqual({ backend_id: 'b-1', status: 'terminated', ...told })
})

it.for<
  [
    how: string,
    end: (get: (path: string) => Promise<unknown>, pid: number) => unknown,
    code: number,
  ]
>([
  ['of itself', (get) => get('/exit?code=0').catch(() => undefined), 0],
  ['with an error', (get) => get('/exit?code=42').catch(() => undefined), 42],
  ['by a signal', (_, pid) => process.kill(pid, 'SIGKILL'), 137],
])('reports the code of a process that ends %s', async ([, end, code]) => {
  const spawner = await test.start()
  const { get, pid, parent } = await spawner.run('b-1')
  await end(get, pid)
  const told = await test.gate.status('b-1', 'terminated')
  expect(told).toEqual({ backend_id: 'b-1', status: 'terminated', exit_code: code })
  await ended(parent)
})

it('ends softly, and reports first that it does', async () => {
  const spawner = await test.start()
  const { pid } = await spawner.run('b-1', { image: 'server', env: { MODE: 'polite' } })
  expect(await spawner.post(terminateEvent('b-1', 'soft'))).toEqual({ status: 202 })
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: 7 })
  expect(await test.gate.status('b-1', 'terminating')).toMatchObject({ reason: 'external' })
  expect(isAlive(pid)).toBe(false)
})

it('ends hard what does not end softly in its time', async () => {
  const spawner = await test.start()
  await spawner.run('b-1', { image: 'impatient', env: { MODE: 'stubborn' } })
  await spawner.post(terminateEvent('b-1', 'soft'))
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: 137 })
  const steps = test.gate.told.map(({ status }) => status)
  expect(steps.slice(steps.indexOf('terminating'))).toContain('hard-terminating')
})

it('ends hard at once when told to, also what is ending softly', async () => {
  const spawner = await test.start()
  await spawner.run('b-1', { image: 'server', env: { MODE: 'stubborn' } })
  await spawner.post(terminateEvent('b-1', 'soft'))
  await test.gate.status('b-1', 'terminating')
  await spawner.post(terminateEvent('b-1', 'hard'))
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: 137 })
})

it.for([
  ['/start-another', 'soft'],
  ['/start-another', 'hard'],
  ['/start-stray', 'soft'],
  ['/start-stray', 'hard'],
] as const)('ends what the process started as well: %s, %s', async ([path, kind]) => {
  const spawner = await test.start()
  const { get, parent } = await spawner.run('b-1', { image: 'impatient' })
  const other = (await get(path)) as number
  expect(isAlive(other)).toBe(true)
  await spawner.post(terminateEvent('b-1', kind))
  await test.gate.status('b-1', 'terminated')
  await ended(other)
  await ended(parent)
})

it('leaves alone what another spawner runs under the same name', async () => {
  const other = await prepareSpawner()
  try {
    const [here, there] = [await test.start(), await other.start()]
    const [mine, theirs] = [await here.run('b-1'), await there.run('b-1')]
    await here.post(terminateEvent('b-1', 'hard'))
    await test.gate.status('b-1', 'terminated')
    await Promise.all([ended(mine.pid), ended(mine.parent)])
    expect(await theirs.get('/self')).toMatchObject({ pid: theirs.pid })
  } finally {
    await other.stop()
  }
})

it.for([
  ['soft', 'terminating', 143],
  ['hard', 'hard-terminating', 137],
] as const)('does what the gate answers to a report: %s', async ([wanted, status, code]) => {
  const spawner = await test.start()
  await spawner.run('b-1')
  test.gate.want('b-1', wanted)
  expect(await test.gate.status('b-1', status)).toMatchObject({ reason: 'external' })
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject({ exit_code: code })
})

it('kills and forgets what the gate does not know', async () => {
  const spawner = await test.start()
  const { pid, parent } = await spawner.run('b-1', { image: 'server', env: { MODE: 'stubborn' } })
  test.gate.want('b-1', 'nothing')
  await test.gate.next('b-1')
  await Promise.all([ended(pid), ended(parent)])
  await spawner.logged('b-1: ended')
  expect(test.gate.told.map(({ status }) => status)).not.toContain('terminated')
})

it('starts nothing of what the gate does not want any more', async () => {
  const spawner = await test.start()
  test.gate.want('b-1', 'nothing')
  await spawner.spawn('b-1')
  await spawner.logged('b-1: ended')
  expect(test.gate.told.map(({ status }) => status)).toEqual(['loading'])
  expect(existsSync(join(test.state, 'backends/b-1/guard.json'))).toBe(false)
})

it('ends a backend when its lifetime is over, without the gate', async () => {
  const spawner = await test.start()
  await spawner.spawn('b-1', { image: 'server' }, { lifetime_limit_seconds: 1 })
  await test.gate.status('b-1', 'loading')
  test.gate.answerWith(503)
  const file = join(test.state, 'backends/b-1/child.json')
  await expect.poll(() => existsSync(file)).toBe(true)
  const { pid } = JSON.parse(await readFile(file, 'utf8')) as { pid: number }
  await ended(pid)
  test.gate.answerWith(200)
  const told = { reason: 'swept', exit_code: 143 }
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject(told)
})

it.for([503, 401, 400])(
  'repeats a report that is answered with %s until it is kept',
  async (status) => {
    test.gate.answerWith(status)
    const spawner = await test.start()
    const failed = test.gate.failed()
    await spawner.spawn('b-1')
    await failed
    await test.gate.failed()
    expect(test.gate.told).toEqual([])
    test.gate.answerWith(200)
    await test.gate.status('b-1', 'ready')
    const steps = test.gate.told.map((told) => told.status)
    expect([...new Set(steps)]).toEqual(['loading', 'starting', 'waiting', 'ready'])
    expect(spawner.logs()).toContain(`the gate kept no report: it answered ${status}`)
  },
)

it('leaves a backend alone while the gate keeps its reports, and ends it when it keeps none', async () => {
  const spawner = await test.start(['--unreachable-seconds', '4'])
  const { pid } = await spawner.run('b-1', { image: 'impatient', env: { MODE: 'stubborn' } })
  const readyAt = performance.now()
  while (performance.now() < readyAt + 4500) await test.gate.next('b-1')
  expect(isAlive(pid)).toBe(true)
  test.gate.answerWith(503)
  await ended(pid)
  test.gate.answerWith(200)
  const told = { reason: 'lost', exit_code: 137 }
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject(told)
})

it('gives a backend time to end softly before the gate holds it for lost', async () => {
  const spawner = await test.start(['--unreachable-seconds', '8'])
  const { pid } = await spawner.run('b-1', { image: 'server', env: { MODE: 'polite' } })
  test.gate.answerWith(503)
  await ended(pid)
  test.gate.answerWith(200)
  const told = { reason: 'lost', exit_code: 7 }
  expect(await test.gate.status('b-1', 'terminated')).toMatchObject(told)
})

it('keeps what a process prints in a private file, up to a bound', async () => {
  const spawner = await test.start()
  const { get } = await spawner.run('b-1')
  await get('/print?text=hello&times=1')
  const file = join(test.state, 'backends/b-1/output.log')
  await expect.poll(() => readFile(file, 'utf8')).toContain('hello\n')
  await get(`/print?text=${'x'.repeat(1023)}&times=3000`)
  await expect.poll(async () => (await stat(file)).size).toBe(1024 * 1024)
  expect(await get('/self')).toBeDefined()
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(test.state)).mode & 0o777).toBe(0o700)
})
