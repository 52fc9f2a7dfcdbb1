import { once } from 'node:events'
import { request } from 'node:http'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { SeenWithBody } from '../support/backend/answers.ts'
import { rawRequest } from '../support/raw-request.ts'
import { openRaw } from '../support/raw-socket.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate('test/fixtures/token-gate.ts')
})
afterAll(() => gate.stop())

/** Backends whose responses pass by themselves, and those whose responses are watched. */
const TOKENS = ['token-of-the-origin', 'token-of-the-idle-origin'] as const

function url(path: string): string {
  return `${gate.worker.origin}/${path}`
}

it.for(TOKENS)('streams events one by one to the %s', async (token) => {
  const response = await fetch(url(`${token}/events`))
  expect(response.headers.get('content-type')).toBe('text/event-stream')
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  for (const id of ['1', '2', '3']) {
    gate.backend.say(`event ${id}`)
    expect(await reader?.read()).toEqual({ done: false, value: `id: ${id}\n\n` })
  }
  expect((await reader?.read())?.done).toBe(true)
})

it.for(TOKENS)('hands on a compressed response as it is: %s', async (token) => {
  const sent = request(url(`${token}/gzip`), { headers: { 'accept-encoding': 'gzip' } }).end()
  const [response] = (await once(sent, 'response')) as [
    AsyncIterable<Buffer> & { headers: Record<string, string> },
  ]
  expect(response.headers['content-encoding']).toBe('gzip')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  expect(gunzipSync(Buffer.concat(chunks)).toString()).toBe('compressed by the backend')
})

it.for(TOKENS.flatMap((token) => ['&length', ''].map((length) => [token, length] as const)))(
  'hands on the length of a long response where it has one: %s %s',
  async ([token, length]) => {
    const response = await fetch(url(`${token}/download?bytes=1000000${length}`))
    expect(response.headers.get('content-length')).toBe(length === '' ? null : '1000000')
    expect((await response.arrayBuffer()).byteLength).toBe(1_000_000)
  },
)

it.for(TOKENS)('hands on a redirect, an entity tag and no body: %s', async (token) => {
  const path = `${token}/status?status=302&location=https%3A%2F%2Felsewhere.example%2F`
  const response = await fetch(url(path), { redirect: 'manual' })
  expect([response.status, response.headers.get('location')]).toEqual([
    302,
    'https://elsewhere.example/',
  ])
  const unchanged = await fetch(url(`${token}/status?status=304`))
  expect([unchanged.status, unchanged.headers.get('etag')]).toEqual([304, '"v1"'])
})

it.for(TOKENS)(
  'forwards a body, Unicode in headers and the path with its token: %s',
  async (token) => {
    const response = await fetch(url(`${token}/a%2Fb//c/?q=%20`), {
      method: 'POST',
      body: 'hello',
      headers: { authorization: 'Bearer of-the-application', cookie: 'a=1' },
    })
    const seen = (await response.json()) as SeenWithBody
    expect(seen).toMatchObject({ method: 'POST', url: '/a%2Fb//c/?q=%20', body: 'hello' })
    expect(seen.cgi).toMatchObject({
      HTTP_X_VERIFIED_USERNAME: 'zo%C3%AB',
      HTTP_X_VERIFIED_USER_DATA: '{"role":"editor","name":"Zo\\u00eb \\ud83d\\udc4b"}',
      HTTP_X_VERIFIED_PATH: `/${token}/a%2Fb//c/`,
      HTTP_X_VERIFIED_BACKEND: 'backend-1',
      HTTP_X_VERIFIED_SECRET: 'a-secret-of-the-backend',
      HTTP_AUTHORIZATION: 'Bearer of-the-application',
      HTTP_COOKIE: 'a=1',
      HTTP_X_FORWARDED_PROTO: 'http',
      HTTP_X_FORWARDED_HOST: new URL(gate.worker.origin).host,
    })
  },
)

it.for(TOKENS)(
  'tells a path with other bytes than ASCII as a header can carry it: %s',
  async (token) => {
    const lines = [`GET /${token}/é王 HTTP/1.1`, 'Host: gate.example']
    const response = await rawRequest(gate.worker.port, lines)
    const seen = JSON.parse(response.slice(response.indexOf('\r\n\r\n') + 4)) as SeenWithBody
    expect(seen.cgi['HTTP_X_VERIFIED_PATH']).toBe(`/${token}/%C3%A9%E7%8E%8B`)
  },
)

it.for(TOKENS)('answers HEAD with the length of the body: %s', async (token) => {
  const response = await fetch(url(`${token}/download?bytes=1000000&length`), { method: 'HEAD' })
  expect(response.headers.get('content-length')).toBe('1000000')
})

it.for(TOKENS)('ends the request to the backend when the client goes away: %s', async (token) => {
  const lines = [`GET /${token}/hang?head&body HTTP/1.1`, 'Host: gate.example']
  const client = openRaw(gate.worker.port, lines)
  await gate.backend.told('hanging')
  await once(client, 'data')
  client.resetAndDestroy()
  await gate.backend.told('gone')
})

it.for(TOKENS)('breaks off where the backend does: %s', async (token) => {
  const response = await fetch(url(`${token}/reset?length&head`))
  await expect(response.text()).rejects.toThrow()
})

it.for<[what: string, token: string, path: string]>([
  ['a response of a backend that may idle', 'token-of-the-idle-origin', 'hang?head&body'],
  ['an event stream', 'token-of-the-origin', 'hang?head&body&sse'],
])(
  'asks about %s for as long as it streams, and breaks it off once it is unwelcome',
  async ([, token, path]) => {
    const response = await fetch(url(`${token}/${path}`))
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    expect(await reader?.read()).toEqual({ done: false, value: 'beginning' })
    await gate.backend.told('hanging')
    await gate.worker.logged(`asked about ${token}`)
    await fetch(url(`revoke?${token}`), { method: 'POST' })
    await expect(reader?.read()).rejects.toThrow()
    await gate.backend.told('gone')
  },
)
