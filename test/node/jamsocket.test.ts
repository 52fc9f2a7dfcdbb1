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
])('1: connects with %s', async ([, request, service]) => {
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
] as const)('1: refuses %s', async ([, headers, status]) => {
  const path = '/v2/service/acme/notes/connect'
  const response = await fetch(gate.origin + path, { method: 'POST', headers })
  expect(response.status).toBe(status)
})

it('2: tells everyone, from every page, a status without null', async () => {
  const { status_url } = await connect()
  const response = await fetch(`${status_url}?0.5`)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
  const status: unknown = await response.json()
  expect(status).toEqual({ status: 'ready', time: ISO })
  expect(isBackendState(status)).toBe(true)
  expect((await fetch(`${gate.origin}/v2/backend/unknown/status`)).status).toBe(404)
})

it('3: streams all statuses in lines of data, and closes after terminated', async () => {
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

it.for(['connect', 'status', 'status/stream'])('4: answers OPTIONS of %s', async (what) => {
  const path = what === 'connect' ? '/v2/service/acme/notes/connect' : `/v2/backend/b1/${what}`
  const response = await fetch(gate.origin + path, { method: 'OPTIONS' })
  expect(response.status).toBe(204)
  expect(response.headers.get('access-control-allow-origin')).toBe('*')
})

it('5: does what the command line asks for', async () => {
  const { backend_id } = await connect({ key: 'listed' })
  const listed = await call('GET', '/v2/account/acme/backends')
  const { running_backends } = (await listed.json()) as { running_backends: { id: string }[] }
  expect(running_backends.find(({ id }) => id === backend_id)).toEqual({
    id: backend_id,
    created_at: ISO,
    account_name: 'acme',
    service_name: 'notes',
    cluster_name: '-',
    key: 'listed',
    status: { status: 'ready', time: ISO },
  })
  const info = await call('GET', `/v2/backend/${backend_id}`)
  expect(await info.json()).toMatchObject({ id: backend_id, service_name: 'notes' })
  const auth = await call('GET', '/auth')
  expect(await auth.json()).toEqual({ status: 'ok', accounts: ['acme'], is_admin: false })
  const ended = await call('POST', `/v2/backend/${backend_id}/terminate`, { hard: false })
  expect(await ended.json()).toEqual({ status: 'ok' })
  for (const response of [listed, info, auth, ended]) {
    expect(response.headers.get('content-type')).toBe('application/json')
  }
})

it.for<[what: string, by: 'HTTP' | 'WebSocket', target: string]>([
  ['HTTP', 'HTTP', '/a/b?c=d'],
  ['WebSocket', 'WebSocket', '/ws?c=d'],
  ['the polling of socket.io', 'HTTP', '/socket.io/?EIO=4&transport=polling'],
  ['the upgrade of socket.io', 'WebSocket', '/socket.io/?EIO=4&transport=websocket'],
])('6: opens the backend by %s, and tells it who is there', async ([, by, target]) => {
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
})

it('7: tells errors of /v2 in Jamsocket’s envelope, and those of /ctrl in Plane’s', async () => {
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

it('8: has the keys of a service in a namespace of its own, as Plane’s API sees it', async () => {
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
