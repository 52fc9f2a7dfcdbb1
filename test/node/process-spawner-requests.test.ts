import { existsSync, readdirSync } from 'node:fs'
import { request } from 'node:http'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { IncomingMessage } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import {
  NEXT_SECRET,
  SECRET,
  prepareSpawner,
  signedHeaders,
  spawnEvent,
  terminateEvent,
  type Signed,
  type SpawnerProcess,
  type SpawnerTest,
} from '../support/start-process-spawner.ts'

let test: SpawnerTest
let spawner: SpawnerProcess
beforeAll(async () => {
  test = await prepareSpawner()
  spawner = await test.start(['--max-backends', '2'], {
    SPAWNER_SECRET: `${SECRET},${NEXT_SECRET}`,
  })
})
afterAll(() => test.stop())

const started = () => readdirSync(join(test.state, 'backends'))
const refusedId = 'never'
afterEach(() => {
  expect(existsSync(join(test.state, 'backends', refusedId))).toBe(false)
})

const event = spawnEvent(refusedId, { image: 'server' })

it.for<[what: string, signed: Signed]>([
  ['signed with another secret', { secret: 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  ['signed six minutes ago', { ageSeconds: 360 }],
  ['signed in the future', { ageSeconds: -360 }],
  [
    'with another body than was signed',
    { sent: JSON.stringify(spawnEvent('never', { image: 'x' })) },
  ],
  ['with the body that was signed and more', { sent: `${JSON.stringify(event)} ` }],
])('starts nothing for a request %s', async ([, signed]) => {
  const answer = await spawner.post(event, signed)
  expect(answer).toEqual({ status: 401, message: 'the signature is wrong or too old' })
})

it.for(['GET', 'POST', 'PUT', 'OPTIONS'])('refuses a %s without a signature', async (method) => {
  expect((await rawRequest(method, '')).statusCode).toBe(401)
})

it('refuses a body that is too large before it is read to its end', async () => {
  const response = await rawRequest('POST', 'x'.repeat(2 * 1024 * 1024 + 1))
  expect(response.statusCode).toBe(413)
})

it('accepts each of its secrets', async () => {
  const unknown = terminateEvent('unknown', 'soft')
  for (const secret of [SECRET, NEXT_SECRET]) {
    expect(await spawner.post(unknown, { secret })).toEqual({
      status: 404,
      message: 'backend_id: there is no such backend',
    })
  }
})

it.for<[message: string, executable: unknown]>([
  ['executable.image: expected the name of an image of the catalogue', { image: 'other' }],
  ['executable.image: expected the name of an image of the catalogue', { image: '__proto__' }],
  ['executable.image: expected the name of an image of the catalogue', { image: ['server'] }],
  ['executable.image: expected the name of an image of the catalogue', {}],
  ['executable: Invalid input: expected record, received string', 'server'],
  ['executable: Invalid input: expected record, received array', [{ image: 'server' }]],
  ['executable.mount: this spawner cannot do it', { image: 'server', mount: true }],
  ['executable.credentials: this spawner cannot do it', { image: 'server', credentials: { a: 1 } }],
  ['executable.network_name: this spawner cannot do it', { image: 'server', network_name: 'n' }],
  [
    'executable.resource_limits: this spawner cannot do it',
    { image: 'server', resource_limits: { cpu: 1 } },
  ],
  ['executable.tag: this spawner cannot do it', { image: 'server', tag: 'latest' }],
  ['executable.command: this spawner cannot do it', { image: 'server', command: ['sh'] }],
  ...[
    'OTHER',
    'NODE_OPTIONS',
    'LD_PRELOAD',
    'PATH',
    'PORT',
    'HOST',
    'SESSION_BACKEND_ID',
    'mode',
  ].map((name): [string, unknown] => [
    `executable.env.${name}: the catalogue does not allow this variable`,
    { image: 'server', env: { MODE: 'polite', [name]: 'x' } },
  ]),
  [
    'executable.env.TITLE: Invalid input: expected string, received number',
    { image: 'server', env: { TITLE: 1 } },
  ],
  [
    'executable.env.TITLE: it contains a NUL character',
    { image: 'server', env: { TITLE: 'a\0b' } },
  ],
  [
    'executable.env.TITLE: it is longer than 65536 bytes',
    { image: 'server', env: { TITLE: 'x'.repeat(65_537) } },
  ],
  [
    'executable.env: Invalid input: expected record, received array',
    { image: 'server', env: ['MODE=x'] },
  ],
])('refuses for good, and names the field: %s', async ([message, executable]) => {
  expect(await spawner.post(spawnEvent(refusedId, executable))).toEqual({ status: 422, message })
})

it.for<[field: string, event: unknown]>([
  ['type', { ...event, type: 'backend.other' }],
  ['the body', []],
  ['data', { type: 'backend.spawn' }],
  ['backend_id', spawnEvent('../never', { image: 'server' })],
  ['backend_id', spawnEvent('x'.repeat(46), { image: 'server' })],
  ['backend_id', terminateEvent('', 'soft')],
  ['kind', terminateEvent('never', 'now')],
  ['static_token', spawnEvent(refusedId, { image: 'server' }, { static_token: 'a\nb' })],
  [
    'lifetime_limit_seconds',
    spawnEvent(refusedId, { image: 'server' }, { lifetime_limit_seconds: 0 }),
  ],
])('refuses what is malformed, and names the field: %s', async ([field, malformed]) => {
  const { status, message } = await spawner.post(malformed)
  expect(status).toBe(422)
  expect(message?.split(': ')[0]).toBe(field)
})

it('accepts what makes no difference, starts a backend once, and no more than it may', async () => {
  const executable = {
    ...{ image: 'server', env: {}, pull_policy: 'IfNotPresent', port: 8080 },
    ...{ mount: null, credentials: null, resource_limits: {}, network_name: '', tag: [] },
  }
  const more = {
    key: { namespace: 'acme/notes', name: 'doc-1' },
    max_idle_seconds: 300,
    static_token: 's.token',
  }
  const statusLines = await postAtOnce(spawnEvent('one', executable, more), 8)
  expect(statusLines).toEqual(statusLines.map(() => 'HTTP/1.1 202 Accepted'))
  const { pid } = await spawner.run('one')
  const other = await spawner.run('two')
  expect(other.pid).not.toBe(pid)
  expect(await other.get('/self')).toMatchObject({ pid: other.pid })
  expect(await spawner.spawn(refusedId)).toEqual({
    status: 503,
    message: '2 backends are running, which is the limit',
  })
  expect(started().toSorted()).toEqual(['one', 'two'])
  expect(test.gate.told.filter(({ status }) => status === 'loading')).toHaveLength(2)

  await spawner.post(terminateEvent('one', 'hard'))
  await test.gate.status('one', 'terminated')
  await spawner.logged('one: ended')
  const starts = spawner.logs().split('one: starting').length
  expect(await spawner.spawn('one')).toEqual({ status: 202 })
  expect(await spawner.post(terminateEvent('one', 'soft'))).toEqual({ status: 202 })
  expect(spawner.logs().split('one: starting')).toHaveLength(starts)
})

it('prints no secret and no token', async () => {
  await expect.poll(() => spawner.logs()).toContain('listens on')
  for (const secret of [SECRET, NEXT_SECRET, 's.token']) {
    expect(spawner.logs()).not.toContain(secret.replace('whsec_', ''))
  }
})

/** All of them arrive before the first one is answered: the connections are open already. */
async function postAtOnce(asked: object, times: number): Promise<string[]> {
  const body = JSON.stringify(asked)
  const headers = { ...signedHeaders(body), host: 'spawner', 'content-length': body.length }
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const sockets = Array.from({ length: times }, () => connect(spawnerPort(), '127.0.0.1'))
  await Promise.all(sockets.map((socket) => once(socket, 'connect')))
  for (const socket of sockets) socket.write(`POST / HTTP/1.1\r\n${head.join('')}\r\n${body}`)
  const answers = await Promise.all(sockets.map((socket) => text(socket)))
  return answers.map((answer) => answer.split('\r\n')[0] ?? '')
}

function spawnerPort(): number {
  return Number(/listens on \S+:(\d+)/.exec(spawner.logs())?.[1])
}

async function rawRequest(method: string, body: string): Promise<IncomingMessage> {
  const port = spawnerPort()
  const sent = request({
    host: '127.0.0.1',
    port,
    method,
    headers: { 'transfer-encoding': 'chunked' },
  })
  // The rest of a body that is too large is not taken.
  sent.on('error', () => undefined)
  sent.end(body)
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  await text(response).catch(() => '')
  return response
}
