import { isBackendState, isConnectResponse, type ConnectRequest } from '@jamsocket/types'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_KEY, CONNECT_KEY } from '../support/connection-keys.ts'
import { eventsOf } from '../support/event-stream.ts'
import { seenAt } from '../support/seen-through-gate.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'
import { startBackend, type BackendProcess } from '../support/start-backend.ts'

let backend: BackendProcess
let gate: ServedWorker

beforeAll(async () => {
  backend = await startBackend()
  gate = await serveWorker({
    entry: 'test/fixtures/jamsocket-gate.ts',
    vars: { ORIGIN: backend.origin },
    rooms: { BACKEND: 'Backend', BACKEND_KEY: 'BackendKey', BACKEND_INDEX: 'BackendIndex' },
  })
})

afterAll(async () => {
  // First the backend: workerd waits for the requests that are under way.
  await backend.stop()
  await gate.stop()
})

const UNTIL_READY = ['scheduled', 'loading', 'starting', 'waiting', 'ready']
const ISO = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/)

/** As the SDK and the command line ask: a number against caches in the query, a key as the token. */
function call(method: string, path: string, body?: unknown, key = ADMIN_KEY): Promise<Response> {
  return fetch(`${gate.origin}${path}?${Math.random().toString(36).slice(2)}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body) ?? null,
  })
}

async function connect(request?: ConnectRequest, service = 'acme/notes') {
  const response = await call('POST', `/v2/service/${service}/connect`, request, CONNECT_KEY)
  const answer: unknown = await response.json()
  if (!isConnectResponse(answer)) throw new Error(`no connection: ${JSON.stringify(answer)}`)
  return { ...answer, response }
}

it.for<[what: string, request: ConnectRequest | undefined, service: string]>([
  ['no body', undefined, 'acme/notes'],
  ['{}', {}, 'acme/notes'],
  ['{} in an environment', {}, 'acme/notes/staging'],
])('@jamsocket/server connect: takes %s', async ([, request, service]) => {
  const { response, ...answer } = await connect(request, service)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(answer).toEqual({
    backend_id: expect.stringMatching(/^[a-z0-9]{14}$/),
    spawned: true,
    status: 'scheduled',
    token: expect.stringMatching(/^[\w-]{72}$/),
    url: `${gate.origin}/${answer.token}/`,
    secret_token: expect.any(String),
    status_url: `${gate.origin}/v2/backend/${answer.backend_id}/status`,
    ready_url: '',
  })
})

it.for([
  ['no token', {}, 401],
  ['a wrong token', { authorization: `Bearer ${ADMIN_KEY}x` }, 401],
] as const)('@jamsocket/server connect: is refused with %s', async ([, headers, status]) => {
  const path = '/v2/service/acme/notes/connect'
  const response = await fetch(gate.origin + path, { method: 'POST', headers })
  expect(response.status).toBe(status)
})

it('@jamsocket/server status: is told to everyone, from every page, without null', async () => {
  const { status_url } = await connect()
  const response = await fetch(`${status_url}?0.5`)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  const status: unknown = await response.json()
  expect(status).toEqual({ status: 'ready', time: ISO })
  expect(isBackendState(status)).toBe(true)
  expect((await fetch(`${gate.origin}/v2/backend/unknown/status`)).status).toBe(404)
})

it('@jamsocket/server statusStream: tells all in lines of data, and closes after terminated', async () => {
  const { backend_id, status_url } = await connect()
  const response = await fetch(`${status_url}/stream?x}`)
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  const [one, other] = (response.body as ReadableStream<Uint8Array>).tee()
  const text = new Response(other).text()
  const seen: string[] = []
  for await (const { data } of eventsOf(new Response(one))) {
    const state: unknown = JSON.parse(data)
    if (!isBackendState(state)) throw new Error(`not a state: ${data}`)
    seen.push(state.status)
    if (state.status === 'ready') {
      await call('POST', `/v2/backend/${backend_id}/terminate`, { hard: true })
    }
  }
  expect(seen).toEqual([...UNTIL_READY, 'hard-terminating', 'terminated'])
  const lines = (await text).split('\n').filter((line) => line !== '')
  expect(lines.filter((line) => !line.startsWith('data: {'))).toEqual([])
})

it.for(['connect', 'status', 'status/stream'])(
  'jamsocket dev OPTIONS: is answered for %s',
  async (what) => {
    const path = what === 'connect' ? '/v2/service/acme/notes/connect' : `/v2/backend/b1/${what}`
    const response = await fetch(gate.origin + path, { method: 'OPTIONS' })
    expect(response.status).toBe(204)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
  },
)

it('@jamsocket/client SessionBackend: is ready by the stream, which stays open to the end', async () => {
  const { backend_id, status_url } = await connect({ key: 'watched' })
  const status = await fetch(`${status_url}?0.5`, { mode: 'cors' })
  expect(await status.json()).toMatchObject({ status: 'ready' })
  const seen: string[] = []
  for await (const { data } of eventsOf(await fetch(`${status_url}/stream?0.5`))) {
    const { status: told } = JSON.parse(data) as { status: string }
    seen.push(told)
    if (told === 'ready') await call('POST', `/v2/backend/${backend_id}/terminate`, { hard: false })
  }
  expect(seen).toEqual([...UNTIL_READY, 'terminating', 'terminated'])
})

/** The command line refuses any other type, even with a charset. */
async function answerTo(response: Response): Promise<unknown> {
  expect(response.headers.get('content-type')).toBe('application/json')
  return response.json()
}

it('jamsocket CLI backend list, info: show a backend and its key', async () => {
  const { backend_id } = await connect({ key: 'listed' })
  const shown = {
    id: backend_id,
    created_at: ISO,
    account_name: 'acme',
    service_name: 'notes',
    cluster_name: '-',
    key: 'listed',
  }
  const listed = await answerTo(await call('GET', '/v2/account/acme/backends'))
  const { running_backends } = listed as { running_backends: { id: string }[] }
  expect(running_backends.find(({ id }) => id === backend_id)).toEqual({
    ...shown,
    status: { status: 'ready', time: ISO },
  })
  expect(await answerTo(await call('GET', `/v2/backend/${backend_id}`))).toEqual({
    ...shown,
    image_digest: '-',
    statuses: UNTIL_READY.map((status) => ({ status, time: ISO })),
  })
})

it('jamsocket CLI login: is told the accounts of its token', async () => {
  const accounts = { status: 'ok', accounts: ['acme'], is_admin: false }
  expect(await answerTo(await call('GET', '/auth'))).toEqual(accounts)
})

it.for([
  [true, 'hard'],
  [false, 'soft'],
] as const)('jamsocket CLI backend terminate: with hard %j is %s', async ([hard, kind]) => {
  const { backend_id, status_url } = await connect({ key: 'ended' })
  const ended = await call('POST', `/v2/backend/${backend_id}/terminate`, { hard })
  expect(await answerTo(ended)).toEqual({ status: 'ok' })
  expect(await answerTo(await fetch(status_url))).toMatchObject({
    status: 'terminated',
    termination_kind: kind,
    termination_reason: 'external',
  })
})

it('jamsocket CLI backend terminate-all-backends: ends those of the service', async () => {
  const { status_url } = await connect({ key: 'all' })
  const body = { before: new Date(Date.now() + 60_000).toISOString(), hard: true, dry_run: false }
  const ended = await answerTo(await call('POST', '/service/acme/notes/terminate-backends', body))
  const { backend_count: count } = ended as { backend_count: number }
  expect(ended).toEqual({ backend_count: count, terminated_count: count, is_complete: true })
  expect(await answerTo(await fetch(status_url))).toMatchObject({ status: 'terminated' })
})

it.for<[what: string, by: 'HTTP' | 'WebSocket', target: string]>([
  ['HTTP', 'HTTP', '/a/b?c=d'],
  ['WebSocket', 'WebSocket', '/ws?c=d'],
  ['the polling of socket.io', 'HTTP', '/socket.io/?EIO=4&transport=polling'],
  ['the upgrade of socket.io', 'WebSocket', '/socket.io/?EIO=4&transport=websocket'],
])(
  '@jamsocket/socketio: reaches the backend by %s, which is told who is there',
  async ([, by, target]) => {
    const request = { user: 'alice', auth: { role: 'writer' } }
    const { token, secret_token, backend_id } = await connect(request)
    const cgi = await seenAt(gate.port, by, `/${token}${target}`, [])
    expect(cgi).toMatchObject({
      HTTP_X_VERIFIED_USERNAME: 'alice',
      HTTP_X_VERIFIED_USER_DATA: '{"role":"writer"}',
      HTTP_X_VERIFIED_SECRET: secret_token,
      HTTP_X_VERIFIED_BACKEND: backend_id,
      HTTP_X_VERIFIED_PATH: `/${token}${target.split('?')[0]}`,
    })
  },
)

it('jamsocket CLI errors: have Jamsocket’s envelope, and those of /ctrl Plane’s', async () => {
  const jamsocket = await call('POST', '/v2/service/acme/nothing/connect', {})
  const { error } = (await jamsocket.json()) as { error: { id: string } }
  expect(error).toEqual({
    message: 'Service does not exist',
    status: 404,
    code: 'NotFound',
    id: expect.stringMatching(/^[a-z0-9]{14}$/),
  })
  await gate.logged(error.id)
  const plane = await call('POST', '/ctrl/b/nobody/soft-terminate')
  expect(Object.keys((await plane.json()) as object)).toEqual(['id', 'kind', 'message'])
})

it('keys: are in a namespace of their service, as Plane’s API sees it', async () => {
  const { backend_id } = await connect({ key: 'mapped' })
  const again = await connect({ key: 'mapped', spawn: false })
  expect([again.backend_id, again.spawned]).toEqual([backend_id, false])
  const plane = await call('POST', '/ctrl/connect', {
    key: { name: 'mapped', namespace: 'acme/notes' },
  })
  expect(await plane.json()).toMatchObject({ backend_id, spawned: false })
  const alias = await fetch(`${gate.origin}/pub/b/${backend_id}/status/stream`)
  for await (const { data } of eventsOf(alias)) {
    expect(isBackendState(JSON.parse(data))).toBe(true)
    break
  }
})
