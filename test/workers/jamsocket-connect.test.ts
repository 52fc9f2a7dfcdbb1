import { isConnectResponse } from '@jamsocket/types'
import { expect, it, vi } from 'vitest'
import { CONNECTED } from '../fixtures/control-client.ts'
import { grantingClient, jamsocketClient } from '../fixtures/jamsocket-client.ts'

// Every error is logged by its id.
vi.spyOn(console, 'error').mockImplementation(() => undefined)

const CONNECT_PATH = '/v2/service/acme/notes/connect'
const IMAGE = { image: 'notes:7', env: { A: '1', B: '1' } }
const SERVICES = {
  'acme/image': { executable: IMAGE },
  'acme/limits': {
    executable: IMAGE,
    cluster: 'rooms.example',
    maxIdleSeconds: 60,
    lifetimeLimitSeconds: 600,
  },
  'acme/bare': {},
}

async function problem(response: Response): Promise<[status: number, code: string, text: string]> {
  const { error } = await response.json<{ error: { code: string; message: string } }>()
  return [response.status, error.code, error.message]
}

it('answers with all that a client of Jamsocket reads, and never with null', async () => {
  const { post } = grantingClient()
  const response = await post(`${CONNECT_PATH}?k4x0v`, { key: 'doc' })
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  const answer: unknown = await response.json()
  expect(isConnectResponse(answer)).toBe(true)
  expect(answer).toEqual({
    backend_id: 'b1',
    spawned: true,
    status: 'scheduled',
    token: 'the-token',
    url: 'https://gate.example/the-token/',
    secret_token: 'the-secret',
    status_url: 'https://gate.example/v2/backend/b1/status',
    ready_url: '',
  })
})

it('leaves out the secret token that a static token has not', async () => {
  const value = { ...CONNECTED, secretToken: undefined }
  const { post } = jamsocketClient({ connect: async () => ({ ok: true, value }) })
  expect(Object.keys(await (await post(CONNECT_PATH, {})).json<object>())).not.toContain(
    'secret_token',
  )
})

it.for<[what: string, init: RequestInit]>([
  ['no body', {}],
  ['an empty body', { body: '', headers: { 'content-length': '0' } }],
  ['an empty object', { body: '{}', headers: { 'content-type': 'application/json' } }],
  ['a type and no body', { headers: { 'content-type': 'application/json' } }],
])('takes %s for the service as it is configured', async ([, init]) => {
  const { send, orders } = grantingClient()
  const headers = { authorization: 'Bearer a-connect-key-of-more-than-32-characters' }
  const response = await send(CONNECT_PATH, {
    method: 'POST',
    ...init,
    headers: { ...headers, ...(init.headers as Record<string, string>) },
  })
  expect(response.status).toBe(200)
  expect(orders).toEqual([
    {
      key: undefined,
      namespace: 'acme/notes',
      spawn: {
        id: undefined,
        cluster: undefined,
        subdomain: undefined,
        executable: { origin: 'http://127.0.0.1:9000' },
        lifetimeLimitSeconds: undefined,
        maxIdleSeconds: 300,
        useStaticToken: false,
        isOpen: false,
      },
      user: undefined,
      auth: undefined,
      expiresInSeconds: undefined,
      maxUses: undefined,
      origin: undefined,
      methods: undefined,
      path: undefined,
    },
  ])
})

it('makes another backend for each call without a key', async () => {
  const client = jamsocketClient()
  const backends = [await client.backend('acme/notes'), await client.backend('acme/notes')]
  expect(new Set(backends).size).toBe(2)
})

it('hands on user and auth, and the key as it is', async () => {
  const { post, orders } = grantingClient()
  await post(CONNECT_PATH, { key: 'dok/ä 1', user: 'alicé', auth: { role: 'writer' } })
  expect(orders).toMatchObject([
    {
      key: { name: 'dok/ä 1', namespace: 'acme/notes', tag: '' },
      user: 'alicé',
      auth: { role: 'writer' },
    },
  ])
})

it.for<[service: string, namespace: string, tag: string]>([
  ['acme/notes', 'acme/notes', ''],
  ['acme/notes/default', 'acme/notes', ''],
  ['acme/notes/staging', 'acme/notes', 'staging'],
  ['other/notes', 'other/notes', ''],
])('holds the keys of %s in %s with the tag %j', async ([service, namespace, tag]) => {
  const { post, orders } = grantingClient()
  await post(`/v2/service/${service}/connect`, { key: 'k' })
  expect(orders).toMatchObject([{ key: { name: 'k', namespace, tag } }])
})

it.for<[service: string, spawn: unknown, order: object]>([
  ['image', undefined, { executable: IMAGE, maxIdleSeconds: 300 }],
  ['image', null, { executable: IMAGE }],
  ['image', true, { executable: IMAGE }],
  ['image', {}, { executable: IMAGE }],
  ['image', { executable: null }, { executable: IMAGE }],
  ['image', { executable: { env: null } }, { executable: IMAGE }],
  ['image', { executable: { env: {} } }, { executable: IMAGE }],
  ['image', { tag: 'v2' }, { executable: { ...IMAGE, tag: 'v2' } }],
  [
    'image',
    { executable: { env: { B: '2', C: '2' }, mount: true } },
    { executable: { image: 'notes:7', env: { A: '1', B: '2', C: '2' }, mount: true } },
  ],
  [
    'image',
    { executable: { resource_limits: { memory_limit_bytes: 1000 } } },
    { executable: { ...IMAGE, resource_limits: { memory_limit_bytes: 1000 } } },
  ],
  // Whatever says itself what runs stands instead of the service's own.
  ['image', { executable: { origin: 'http://a' } }, { executable: { origin: 'http://a' } }],
  ['bare', { executable: { image: 'x', mount: 'm' } }, { executable: { image: 'x', mount: 'm' } }],
  ['limits', {}, { cluster: 'rooms.example', maxIdleSeconds: 60, lifetimeLimitSeconds: 600 }],
  [
    'limits',
    { cluster: 'eu.example:8080', max_idle_seconds: 5, lifetime_limit_seconds: 7 },
    { cluster: 'eu.example:8080', maxIdleSeconds: 5, lifetimeLimitSeconds: 7 },
  ],
])('starts acme/%s with spawn %j as %j', async ([service, spawn, order]) => {
  const { post, orders } = grantingClient({ services: SERVICES })
  const response = await post(`/v2/service/acme/${service}/connect`, { spawn })
  expect([response.status, orders]).toMatchObject([200, [{ spawn: order }]])
})

it('starts nothing with spawn false', async () => {
  const { post, orders } = grantingClient()
  await post(CONNECT_PATH, { key: 'k', spawn: false })
  expect(orders).toMatchObject([{ key: { name: 'k' }, spawn: undefined }])
  const { post: really } = jamsocketClient()
  for (const body of [{ key: 'nobody holds it', spawn: false }, { spawn: false }]) {
    expect(await problem(await really(CONNECT_PATH, body))).toEqual([
      409,
      'KeyUnheldNoSpawnConfig',
      expect.any(String),
    ])
  }
})

it.for<[body: unknown, message: RegExp]>([
  [{ key: 1 }, /^key: /],
  [{ key: '' }, /^key: it is empty$/],
  [{ key: 'k'.repeat(129) }, /^key: it is longer than 128 characters$/],
  [{ key: '\ud800' }, /^key: it is not Unicode/],
  [{ key: { name: 'k' } }, /^key: /],
  [{ spawn: 'yes' }, /^spawn: expected true, false or an object$/],
  [{ spawn: [] }, /^spawn: expected true, false or an object$/],
  [{ spawn: { tag: 7 } }, /^spawn\.tag: /],
  [{ spawn: { cluster: 'a b' } }, /^spawn\.cluster: expected host or host:port/],
  [{ spawn: { lifetime_limit_seconds: 0 } }, /^spawn\.lifetime_limit_seconds: /],
  [{ spawn: { lifetime_limit_seconds: '9' } }, /^spawn\.lifetime_limit_seconds: /],
  [{ spawn: { max_idle_seconds: 1.5 } }, /^spawn\.max_idle_seconds: /],
  [{ spawn: { executable: 'notes' } }, /^spawn\.executable: /],
  [{ spawn: { executable: { env: { A: 1 } } } }, /^spawn\.executable\.env\.A: /],
  [{ spawn: { executable: { mount: 1 } } }, /^spawn\.executable\.mount: expected text, true/],
  [{ user: 7 }, /^user: /],
  [{ auth: [] }, /^auth: expected an object$/],
  ['{"auth":{"id":9007199254740993}}', /^auth: it holds a number/],
  [{ auth: { text: 'x'.repeat(9000) } }, /^auth: /],
  [[], /^the body: /],
])('refuses %j, and names the field', async ([body, message]) => {
  const { post, orders } = grantingClient()
  const response = await post(CONNECT_PATH, body)
  expect(await problem(response)).toEqual([422, 'InvalidRequest', expect.stringMatching(message)])
  expect(orders).toEqual([])
})

it('takes a key of 128 characters, whatever their size', async () => {
  const { post } = grantingClient()
  expect((await post(CONNECT_PATH, { key: '🔑'.repeat(128) })).status).toBe(200)
})

it.for<[spawn: unknown]>([
  [undefined],
  [true],
  [{ tag: 'v2' }],
  [{ executable: { env: { A: '1' } } }],
])('refuses spawn %j where neither the service nor the call has an executable', async ([spawn]) => {
  const { post, orders } = grantingClient()
  expect(await problem(await post('/v2/service/acme/bare/connect', { spawn }))).toEqual([
    422,
    'InvalidRequest',
    'spawn.executable: the service has none of its own, so the call must say it',
  ])
  expect(orders).toEqual([])
})

it.for<[what: string, service: string, spawn: object, message: string]>([
  ['an address with a tag', 'notes', { tag: 'v2' }, 'spawn.executable: '],
  [
    'an address with an environment',
    'notes',
    { executable: { env: { A: '1' } } },
    'spawn.executable: ',
  ],
  [
    'an address that is not allowed',
    'bare',
    { executable: { origin: 'http://10.0.0.1' } },
    'spawn.executable.origin: ',
  ],
])('refuses %s, and names the field', async ([, service, spawn, message]) => {
  const { post } = jamsocketClient()
  const response = await post(`/v2/service/acme/${service}/connect`, { spawn })
  const [status, code, text] = await problem(response)
  expect([status, code]).toEqual([400, 'InvalidRequest'])
  expect(text.startsWith(message)).toBe(true)
})

it.for([
  'nobody/notes',
  'acme/nothing',
  'acme/notes/production',
  'acme/boards/staging',
  'acme%2Fnotes/staging',
  'acme/notes%2Fstaging',
  '__proto__/constructor',
])('knows no service %s', async (service) => {
  const { post, orders } = grantingClient()
  expect(await problem(await post(`/v2/service/${service}/connect`, {}))).toEqual([
    404,
    'NotFound',
    'Service does not exist',
  ])
  expect(orders).toEqual([])
})

it('gives one key of two services two backends, and refuses it to another environment', async () => {
  const client = jamsocketClient()
  const first = await client.backend('acme/notes', { key: 'shared' })
  expect(await client.backend('acme/notes', { key: 'shared' })).toBe(first)
  expect(await client.backend('acme/boards', { key: 'shared' })).not.toBe(first)
  const staging = await client.post('/v2/service/acme/notes/staging/connect', { key: 'shared' })
  expect(await problem(staging)).toEqual([409, 'KeyHeld', expect.any(String)])
})
