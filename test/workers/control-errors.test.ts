import { expect, it, vi } from 'vitest'
import type { ControlFailureKind } from '../../src/connection/connections.ts'
import { ADMIN, controlClient } from '../fixtures/control-client.ts'

// Every error is logged by its id.
const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)

const kinds: readonly (readonly [kind: ControlFailureKind, status: number])[] = [
  ['NotFound', 404],
  ['KeyHeld', 409],
  ['KeyUnheldNoSpawnConfig', 409],
  ['FailedToAcquireKey', 500],
  ['KeyHeldUnhealthy', 500],
  ['InvalidRequest', 400],
  ['StoreUnavailable', 503],
  ['SpawnerUnavailable', 503],
]

it.for(kinds)('answers %s as Plane does, with %i', async ([kind, status]) => {
  const failed = async () => ({ ok: false, failure: { kind, message: 'What is wrong.' } }) as const
  const { get, post } = controlClient({
    ...{ connect: failed, terminate: failed, revoke: failed, statuses: failed, watch: failed },
    ...{ tokens: failed, backends: failed },
  })
  for (const response of [
    await post('/ctrl/connect', {}),
    await post('/ctrl/b/b1/soft-terminate'),
    await post('/ctrl/b/b1/hard-terminate'),
    await post('/ctrl/revoke', { backend_id: 'b1' }),
    await post('/ctrl/b/revoke', { backend_id: 'b1', user: 'u' }),
    await get('/ctrl/backends'),
    await get('/ctrl/b/b1/tokens'),
    await get('/pub/b/b1/status'),
    await get('/pub/b/b1/status-stream'),
    await get('/pub/b/b1/status/stream'),
  ]) {
    expect(response.status).toBe(status)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(response.headers.get('retry-after')).toBe(status === 503 ? '5' : null)
    const { id, ...body } = await response.json<Record<string, string>>()
    expect(body).toEqual({ kind, message: 'What is wrong.' })
    expect(id).toMatch(/^[a-z0-9]{14}$/)
  }
})

it('logs the id of an error with its kind, and nothing else', async () => {
  log.mockClear()
  const response = await controlClient().post('/ctrl/connect', { user: 5, auth: 'private' })
  const { id } = await response.json<{ id: string }>()
  expect(log.mock.calls).toEqual([[`portico: control error ${id} InvalidRequest`]])
})

it('refuses with nothing but an id where something throws', async () => {
  log.mockClear()
  const { post } = controlClient({
    connect: async () => {
      throw new RangeError(`a message with ${ADMIN}`)
    },
  })
  const response = await post('/ctrl/connect', {})
  expect(response.status).toBe(500)
  const text = await response.text()
  expect(JSON.parse(text)).toMatchObject({ kind: 'Other', message: 'Internal error.' })
  expect(text + log.mock.calls.join()).not.toContain('a message with')
})

const MEBIBYTE = 1024 * 1024

it.for<[what: string, status: number, body: string, type: string]>([
  ['no type', 415, '{}', ''],
  ['another type', 415, '{}', 'text/plain'],
  ['a type that only begins so', 415, '{}', 'application/jsonp'],
  ['a type of JSON', 200, '{}', 'application/vnd.portico+json; charset=utf-8'],
  ['no body', 400, '', 'application/json'],
  ['broken JSON', 400, '{', 'application/json'],
  ['two mebibytes', 200, `{}${' '.repeat(2 * MEBIBYTE - 2)}`, 'application/json'],
  ['a byte more', 413, `{}${' '.repeat(2 * MEBIBYTE - 1)}`, 'application/json'],
])('reads a body with %s: %i', async ([, status, body, type]) => {
  const { post, calls } = controlClient()
  const response = await post('/ctrl/connect', body, { 'content-type': type })
  expect(response.status).toBe(status)
  expect(calls.length).toBe(status === 200 ? 1 : 0)
  if (status !== 200) expect(await response.json()).toMatchObject({ kind: 'InvalidRequest' })
})

it('refuses a body that is not UTF-8', async () => {
  const { send, as, calls } = controlClient()
  const headers = { ...as(ADMIN), 'content-type': 'application/json' }
  const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
  const response = await send('/ctrl/connect', { method: 'POST', headers, body })
  expect([response.status, calls]).toEqual([400, []])
})

it('stops reading a body of unknown length where it becomes too large', async () => {
  const { send, as } = controlClient()
  let sent = 0
  const body = new ReadableStream({
    pull(controller) {
      sent += MEBIBYTE
      controller.enqueue(new Uint8Array(MEBIBYTE).fill(0x20))
      if (sent === 8 * MEBIBYTE) controller.close()
    },
  })
  const headers = { ...as(ADMIN), 'content-type': 'application/json' }
  const response = await send('/ctrl/connect', { method: 'POST', headers, body })
  expect(response.status).toBe(413)
  expect(sent).toBeLessThan(8 * MEBIBYTE)
})

it.for([
  ['GET', '/ctrl/connect', 405, 'POST'],
  ['DELETE', '/ctrl/b/b1/tokens', 405, 'GET, HEAD'],
  ['POST', '/pub/health', 405, 'GET, HEAD'],
  ['POST', '/_portico/openapi.json', 405, 'GET, HEAD'],
  ['GET', '/ctrl/b/b1', 404, null],
  ['GET', '/ctrl/b/b1/tokens/', 404, null],
  ['GET', '/pub/b/b1', 404, null],
  ['GET', '/ctrl/b/%zz/tokens', 400, null],
] as const)('answers %s %s with %i', async ([method, path, status, allow]) => {
  const { send, as, calls } = controlClient()
  const response = await send(path, { method, headers: as(ADMIN) })
  expect([response.status, response.headers.get('allow')]).toEqual([status, allow])
  expect(await response.json()).toMatchObject({
    kind: status === 404 ? 'NotFound' : 'InvalidRequest',
  })
  expect(calls).toEqual([])
})

it.for(['B1', 'n'.repeat(46), 'a%2Fb', 'a.b', 'ü'])(
  'asks no object for a backend that cannot be: %s',
  async (name) => {
    const { get, post, calls } = controlClient()
    for (const response of [
      await post(`/ctrl/b/${name}/soft-terminate`),
      await post(`/ctrl/b/${name}/hard-terminate`),
      await get(`/ctrl/b/${name}/tokens`),
      await get(`/pub/b/${name}/status`),
      await get(`/pub/b/${name}/status-stream`),
      await get(`/pub/b/${name}/status/stream`),
    ]) {
      expect(response.status).toBe(404)
      const { kind, message } = await response.json<Record<string, string>>()
      expect([kind, message]).toEqual(['NotFound', 'Backend does not exist'])
    }
    expect(calls).toEqual([])
  },
)
