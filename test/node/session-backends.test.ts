import { once } from 'node:events'
import { join } from 'node:path'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { createPorts } from '../../src/process-spawner/ports.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import {
  SECRET,
  ended,
  isAlive,
  prepareSpawner,
  type SpawnerProcess,
  type SpawnerTest,
} from '../support/start-process-spawner.ts'

const executable = { image: 'session', env: { TITLE: 'Zoë’s plans' } }
const AUTH = { role: 'editor', name: 'Zoë 👋' }
const VERIFIED = {
  'x-verified-username': encodeURIComponent('zoë'),
  'x-verified-user-data': '{"role":"editor","name":"Zo\\u00eb \\ud83d\\udc4b"}',
}

interface Seen {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string>>
  readonly pid: number
}

const CATALOGUE = {
  session: {
    command: ['node', 'session.ts'],
    directory: join(import.meta.dirname, '../support/spawned'),
    env: { FIXED: 'by the catalogue' },
    allowed_env: ['TITLE'],
  },
}

let gate: ConnectionGate
let test: SpawnerTest
let spawner: SpawnerProcess
let startSpawner: () => Promise<SpawnerProcess>
beforeAll(async () => {
  // The gate has to know where the spawner is before the spawner can know where the gate is.
  const port = await createPorts(Date.now).pick()
  gate = await serveConnections({ spawner: { url: `http://127.0.0.1:${port}`, secret: SECRET } })
  test = await prepareSpawner(CATALOGUE)
  startSpawner = () => test.start(['--gate', gate.worker.origin, '--port', String(port)])
  spawner = await startSpawner()
})
afterAll(async () => {
  await test.stop()
  await gate.stop()
})

async function seen(token: string, path = '/'): Promise<Seen> {
  const response = await fetch(gate.url(`/${token}${path}`))
  expect(response.status).toBe(200)
  return (await response.json()) as Seen
}

it('connects by key, starts a process, and answers the request that was held for it', async () => {
  const key = { name: 'plans', namespace: 'acme' }
  const first = await gate.connect({ key, user: 'zoë', auth: AUTH }, { executable })
  expect(first).toMatchObject({ spawned: true, status: 'scheduled' })
  const { headers, environment, url, pid } = await seen(first.token, '/a%2Fb?c=d')
  expect(url).toBe('/a%2Fb?c=d')
  expect(headers).toMatchObject({
    ...VERIFIED,
    'x-verified-backend': first.backend_id,
    'x-verified-secret': first.secret_token,
    'x-verified-path': `/${first.token}/a%2Fb`,
  })
  const { PATH, PORT, ...others } = environment
  expect(others).toEqual({
    HOST: '127.0.0.1',
    SESSION_BACKEND_ID: first.backend_id,
    FIXED: 'by the catalogue',
    TITLE: 'Zoë’s plans',
  })
  expect([Number(PORT) > 0, PATH !== undefined]).toEqual([true, true])
  const statuses = await gate.statusesUntil('ready', first.backend_id)
  const names = statuses.map(({ status }) => status)
  expect(names).toEqual(['scheduled', 'loading', 'starting', 'waiting', 'ready'])

  const second = await gate.connect({ key, user: 'bob' }, { executable })
  expect(second).toMatchObject({ spawned: false, status: 'ready', backend_id: first.backend_id })
  const again = await seen(second.token)
  expect([again.pid, again.headers['x-verified-username']]).toEqual([pid, 'bob'])
})

it('tells the process the one token of a backend that has one', async () => {
  const spawn = { executable, use_static_token: true }
  const { token } = await gate.connect({ key: { name: 'static' } }, spawn)
  const { url, environment } = await seen(token, '/x')
  expect(url).toBe(`/${token}/x`)
  expect(environment['SESSION_BACKEND_STATIC_TOKEN']).toBe(token)
})

it('idles out, says why, and starts another process for the next caller', async () => {
  const key = { name: 'idle' }
  const first = await gate.connect({ key }, { executable, max_idle_seconds: 1 })
  const { pid } = await seen(first.token)
  const last = (await gate.statusesUntil('terminated', first.backend_id)).at(-1)
  expect(last).toMatchObject({
    termination_reason: 'swept',
    termination_kind: 'soft',
    exit_error: false,
  })
  expect(isAlive(pid)).toBe(false)
  expect((await fetch(gate.url(`/${first.token}/`))).status).toBe(410)
  const next = await gate.connect({ key }, { executable })
  expect(next.spawned).toBe(true)
  expect(next.backend_id).not.toBe(first.backend_id)
  expect((await seen(next.token)).pid).not.toBe(pid)
})

it('notices a process that ends by itself, and says with what', async () => {
  const key = { name: 'crash' }
  const first = await gate.connect({ key }, { executable })
  await seen(first.token)
  await fetch(gate.url(`/${first.token}/exit`))
  const last = (await gate.statusesUntil('terminated', first.backend_id)).at(-1)
  expect(last).toMatchObject({ exit_error: true })
  expect(await gate.connect({ key }, { executable })).toMatchObject({ spawned: true })
})

it('refuses what the spawner does not run, and names it', async () => {
  const spawn_config = { executable: { image: 'rm -rf' } }
  const refused = await gate.control('/ctrl/connect', { spawn_config })
  expect(refused.status).toBe(400)
  const { message } = (await refused.json()) as { message: string }
  expect(message).toMatch(/^spawn_config\.executable\.image: /)
})

it('speaks WebSocket through the URL', async () => {
  const { url, backend_id } = await gate.connect({ user: 'zoë', auth: AUTH }, { executable })
  const socket = new WebSocket(`${url.replace('http', 'ws')}live?a=b`)
  const [hello] = (await once(socket, 'message')) as [Buffer]
  const told = JSON.parse(hello.toString()) as Seen
  expect(told.url).toBe('/live?a=b')
  expect(told.headers).toMatchObject({ ...VERIFIED, 'x-verified-backend': backend_id })
  socket.send(Buffer.from([0, 255, 1]))
  const [echo] = (await once(socket, 'message')) as [Buffer]
  expect([...echo]).toEqual([0, 255, 1])
  await gate.control(`/ctrl/b/${backend_id}/soft-terminate`)
  const [code] = (await once(socket, 'close')) as [number]
  expect(code).toBe(1013)
})

it.for<[how: string, transports: ('polling' | 'websocket')[], last: string]>([
  ['by polling', ['polling'], 'polling'],
  ['by polling and an upgrade', ['polling', 'websocket'], 'websocket'],
  ['by WebSocket alone', ['websocket'], 'websocket'],
])('speaks socket.io through the URL, %s', async ([, transports, last]) => {
  const { url } = await gate.connect({ user: 'alice' }, { executable })
  const { origin, pathname } = new URL(url)
  const socket: Socket = io(origin, { path: `${pathname}socket.io/`, transports })
  try {
    const [who] = await new Promise<string[]>((resolve, reject) => {
      socket.on('who', (...told: string[]) => resolve(told))
      socket.on('connect_error', reject)
    })
    expect(who).toBe('alice')
    const { engine } = socket.io
    if (engine.transport.name !== last)
      await new Promise((resolve) => engine.once('upgrade', resolve))
    expect(engine.transport.name).toBe(last)
    expect(await socket.emitWithAck('say', 'hello')).toBe('heard hello')
  } finally {
    socket.disconnect()
  }
})

it('keeps its backends over a restart of the spawner, and says 503 in between', async () => {
  const key = { name: 'kept' }
  const { token, backend_id } = await gate.connect({ key }, { executable })
  const { pid } = await seen(token)
  await spawner.end('SIGKILL')
  expect(await seen(token)).toMatchObject({ pid })
  const refused = await gate.control('/ctrl/connect', { spawn_config: { executable } })
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
  spawner = await startSpawner()
  expect(await gate.connect({ key }, { executable })).toMatchObject({ backend_id, spawned: false })
  await gate.control(`/ctrl/b/${backend_id}/soft-terminate`)
  const last = (await gate.statusesUntil('terminated', backend_id)).at(-1)
  expect(last).toMatchObject({ termination_reason: 'external', exit_error: false })
  await ended(pid)
})
