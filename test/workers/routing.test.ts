import { expect, it } from 'vitest'
import { closeOf, codeOf, countedGate } from '../fixtures/counted-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const UPGRADE = { upgrade: 'websocket' }
const ANOTHER_KEY = new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes')

const strangers: readonly (readonly [name: string, request: RequestInit])[] = [
  ['a GET', {}],
  ['a HEAD', { method: 'HEAD' }],
  ['a POST', { method: 'POST', body: 'hello' }],
  ['an OPTIONS', { method: 'OPTIONS' }],
  ['an empty credential', { headers: { cookie: '__session=' } }],
  ['a bad credential', { headers: { authorization: 'Bearer abc' } }],
  [
    'a cookie from another site',
    { method: 'POST', headers: { cookie: 'a=1', origin: 'https://evil.example' } },
  ],
  [
    'a preflight',
    {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' },
    },
  ],
  ['an upgrade', { headers: UPGRADE }],
  ['an upgrade that is no GET', { method: 'POST', headers: UPGRADE }],
]

it.for(strangers)(
  'shows a stranger with %s the same at a place that exists and at one that does not',
  async ([, init]) => {
    const { send, reached } = countedGate(
      {},
      {
        backends: { api: { origin: 'https://api.example' } },
        cors: { origins: ['https://app.example'] },
      },
    )
    const [existing, ...others] = await Promise.all(
      [
        '/parties/main/x',
        '/parties/nowhere/x',
        '/party/x',
        '/parties/__proto__/x',
        '/backends/api/x',
        '/backends/nowhere/x',
      ].map(async (path) => {
        const response = await send(path, init)
        return {
          status: response.status,
          headers: [...response.headers],
          body: await response.text(),
        }
      }),
    )
    for (const other of others) expect(other).toEqual(existing)
    expect(reached).toEqual([])
  },
)

it('closes the socket of a browser without a credential the same at a place that exists and at one that does not', async () => {
  const { send } = countedGate()
  const headers = { ...UPGRADE, origin: 'https://app.example', 'sec-websocket-protocol': 'chat' }
  const [existing, missing] = await Promise.all(
    ['/parties/main/x', '/parties/nowhere/x'].map(async (path) => {
      const response = await send(path, { headers })
      const { code, reason } = await closeOf(response)
      return { status: response.status, headers: [...response.headers], code, reason }
    }),
  )
  expect(existing).toMatchObject({ status: 101, code: 4401 })
  expect(missing).toEqual(existing)
})

const refused: readonly (readonly [
  name: string,
  mint: () => string | undefined | Promise<string>,
])[] = [
  ['no credential', () => undefined],
  ['an expired one', () => mintToken({ iat: 1_600_000_000, exp: 1_600_000_060 })],
  ['one that another key signed', () => mintToken({}, { key: ANOTHER_KEY })],
  ['one without a signature', async () => (await mintToken()).replace(/[^.]*$/, '')],
  ['one whose signature was changed', async () => (await mintToken()).replace(/.....$/, 'AAAAA')],
  [
    'one whose claims were changed',
    async () => (await mintToken()).replace(/\.[^.]{8}/, '.eyJhIjox'),
  ],
  ['one with the algorithm "none"', () => unsigned({ alg: 'none' })],
  ['one of another issuer', () => mintToken({ iss: 'https://other.example' })],
  ['one for another audience', () => mintToken({ aud: 'other' })],
  ['one without an expiry', () => mintToken({ exp: undefined })],
  ['one that is not a token', () => 'abc'],
  ['one of a million dots', () => '.'.repeat(1_000_000)],
  ['a long one', () => `${'A'.repeat(9000)}.e30.AAAA`],
]

it.for(refused)('touches no object for a request with %s', async ([, mint]) => {
  const token = await mint()
  const { send, reached } = countedGate()
  const carried: RequestInit[] =
    token === undefined
      ? [{}]
      : [
          { headers: { authorization: `Bearer ${token}` } },
          { headers: { cookie: `__session=${token}`, origin: 'https://gate.example' } },
          { headers: { 'sec-websocket-protocol': `chat, portico.bearer.${token}` } },
        ]
  for (const init of carried) {
    for (const upgrade of [{}, UPGRADE]) {
      const headers = { ...(init.headers as Record<string, string>), ...upgrade }
      const response = await send('/parties/main/x', { headers })
      if (response.webSocket !== null)
        expect([4401, 3000]).toContain((await closeOf(response)).code)
      else expect(response.status).toBe(401)
    }
  }
  expect(reached).toEqual([])
})

it.for([
  ['an HTTP request', {}],
  ['an upgrade', UPGRADE],
] as const)('makes exactly one object call for %s with a valid credential', async ([, upgrade]) => {
  const { send, reached } = countedGate()
  const headers = { authorization: await mintToken(), ...upgrade }
  const response = await send('/parties/main/x', { headers })
  expect([200, 101]).toContain(response.status)
  response.webSocket?.accept()
  response.webSocket?.close()
  expect(reached).toEqual(['x'])
})

it('touches no object when the hook refuses', async () => {
  const { send, reached } = countedGate({
    onBeforeRequest: () => new Response('no', { status: 403 }),
  })
  const response = await send('/parties/main/x', { headers: { authorization: await mintToken() } })
  expect(response.status).toBe(403)
  expect(reached).toEqual([])
})

it('reaches no object to answer a preflight or its own health', async () => {
  const { send, reached } = countedGate({}, { cors: { origins: ['https://app.example'] } })
  const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' }
  expect((await send('/parties/main/x', { method: 'OPTIONS', headers })).status).toBe(204)
  expect((await send('/_portico/health')).status).toBe(200)
  expect(reached).toEqual([])
})

it('tells a caller with a valid credential that a place does not exist', async () => {
  const { send, reached } = countedGate()
  const response = await send('/parties/nowhere/x', {
    headers: { authorization: await mintToken() },
  })
  expect(response.status).toBe(404)
  expect(await codeOf(response)).toBe('route_unknown')
  expect(reached).toEqual([])
})

function unsigned(header: object): string {
  return `${encodeJson(header)}.${encodeJson({ sub: 'alice', exp: 4_000_000_000 })}.`
}

function encodeJson(value: object): string {
  return btoa(JSON.stringify(value)).replace(/=+$/, '')
}
