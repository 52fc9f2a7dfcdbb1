import { afterAll, beforeAll, expect, it } from 'vitest'
import { createPorts } from '../../src/process-spawner/ports.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import {
  SECRET,
  ended,
  prepareSpawner,
  type SpawnerProcess,
  type SpawnerTest,
} from '../support/start-process-spawner.ts'

let gate: ConnectionGate
let test: SpawnerTest
let spawner: SpawnerProcess
let startSpawner: () => Promise<SpawnerProcess>
beforeAll(async () => {
  const port = await createPorts().pick()
  const url = `http://127.0.0.1:${port}`
  gate = await serveConnections({ spawner: { url, secret: SECRET } })
  test = await prepareSpawner()
  startSpawner = () => test.start(['--gate', gate.worker.origin, '--port', String(port)])
  spawner = await startSpawner()
})
afterAll(async () => {
  await test.stop()
  await gate.stop()
})

interface Self {
  readonly pid: number
  readonly environment: Readonly<Record<string, string>>
}

async function ask<T>(token: string, path: string): Promise<T> {
  const response = await fetch(gate.url(`/${token}${path}`))
  expect(response.status).toBe(200)
  return (await response.json()) as T
}

const executable = { image: 'probed', env: { MODE: 'polite' } }

it('starts a process for a key, holds requests until it is ready, and reuses it', async () => {
  const request = { key: { name: 'one', namespace: 'acme' }, user: 'zoë', auth: { role: 'editor' } }
  const first = await gate.connect(request, { executable })
  expect(first).toMatchObject({ spawned: true })
  const self = await ask<Self>(first.token, '/self')
  expect(self.environment).toMatchObject({ MODE: 'polite', SESSION_BACKEND_ID: first.backend_id })
  const seen = await ask<{ url: string; headers: object }>(first.token, '/seen?a=b')
  expect(seen.url).toBe('/seen?a=b')
  expect(seen.headers).toMatchObject({
    'x-verified-username': 'zo%C3%AB',
    'x-verified-user-data': '{"role":"editor"}',
    'x-verified-backend': first.backend_id,
  })
  const names = (await gate.statusesUntil('ready', first.backend_id)).map(({ status }) => status)
  expect(names).toEqual(['scheduled', 'loading', 'starting', 'waiting', 'ready'])

  const second = await gate.connect(request, { executable })
  expect(second).toMatchObject({ spawned: false, backend_id: first.backend_id })
  expect(await ask(second.token, '/self')).toMatchObject({ pid: self.pid })
})

it('gives a backend its static token, and its token opens it', async () => {
  const { token } = await gate.connect({}, { executable, use_static_token: true })
  const { environment } = await ask<Self>(token, '/self')
  expect(environment['SESSION_BACKEND_STATIC_TOKEN']).toBe(token)
})

// A use counts for some seconds, and the spawner hears of the idle time when it reports.
it(
  'ends an idle process, says why, and starts another one for the next',
  { timeout: 90_000 },
  async () => {
    const request = { key: { name: 'idle', namespace: 'acme' } }
    const first = await gate.connect(request, { executable, max_idle_seconds: 3 })
    const { pid } = await ask<Self>(first.token, '/self')
    const statuses = await gate.statusesUntil('terminated', first.backend_id)
    expect(statuses.at(-1)).toMatchObject({ termination_reason: 'swept' })
    await ended(pid)
    const next = await gate.connect(request, { executable })
    expect(next.spawned).toBe(true)
    expect((await ask<Self>(next.token, '/self')).pid).not.toBe(pid)
  },
)

it('tells the caller what the catalogue does not have', async () => {
  const body = { spawn_config: { executable: { image: 'other' } } }
  const response = await gate.control('/ctrl/connect', body)
  expect(response.status).toBe(400)
  expect(await response.text()).toContain('executable.image: expected the name of an image')
})

it('notices a process that dies, and starts another one for its key', async () => {
  const request = { key: { name: 'dies', namespace: 'acme' } }
  const first = await gate.connect(request, { executable })
  const { pid } = await ask<Self>(first.token, '/self')
  process.kill(pid, 'SIGKILL')
  const statuses = await gate.statusesUntil('terminated', first.backend_id)
  expect(statuses.at(-1)).toMatchObject({ exit_error: true })
  const next = await gate.connect(request, { executable })
  expect(next.spawned).toBe(true)
  expect((await ask<Self>(next.token, '/self')).pid).not.toBe(pid)
})

it('keeps its backends over a restart of the spawner, and says 503 in between', async () => {
  const request = { key: { name: 'kept', namespace: 'acme' } }
  const { token, backend_id } = await gate.connect(request, { executable })
  const { pid } = await ask<Self>(token, '/self')
  await spawner.end('SIGKILL')
  expect(await ask(token, '/self')).toMatchObject({ pid })
  const refused = await gate.control('/ctrl/connect', { spawn_config: { executable } })
  expect(refused.status).toBe(503)
  expect(refused.headers.get('retry-after')).not.toBeNull()
  spawner = await startSpawner()
  expect(await gate.connect(request, { executable })).toMatchObject({ backend_id, spawned: false })
  await gate.control(`/ctrl/b/${backend_id}/soft-terminate`)
  const statuses = await gate.statusesUntil('terminated', backend_id)
  expect(statuses.at(-1)).toMatchObject({ termination_reason: 'external', exit_error: true })
  await ended(pid)
})
