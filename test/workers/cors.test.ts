import { expect, it } from 'vitest'
import { codeOf, countedGate } from '../fixtures/counted-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const APP = 'https://app.example.com'
const EVIL = 'https://evil.example'
const PREFLIGHT = {
  origin: APP,
  'access-control-request-method': 'PUT',
  'access-control-request-headers': 'authorization',
}
const cors = {
  origins: [APP, 'http://localhost:5173'],
  allowHeaders: ['x-request-id'],
  exposeHeaders: ['etag'],
  maxAgeSeconds: 60,
}

it.for(['/parties/main/x', '/parties/nowhere/x', '/party/x', '/backends/nowhere/x'])(
  'answers a preflight for %s without a credential and before any hook',
  async (path) => {
    const hooks: string[] = []
    const hook = ({ method }: Request) => void hooks.push(method)
    const { send, reached } = countedGate(
      { onBeforeRequest: hook },
      { cors, onBeforeRequest: hook },
    )
    const response = await send(path, { method: 'OPTIONS', headers: PREFLIGHT })
    expect(response.status).toBe(204)
    expect(Object.fromEntries(response.headers)).toEqual({
      'access-control-allow-origin': APP,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
      'access-control-allow-headers': 'authorization, content-type, x-request-id',
      'access-control-expose-headers': 'www-authenticate, retry-after, etag',
      'access-control-max-age': '60',
      vary: 'Origin',
    })
    expect(hooks).toEqual([])
    expect(reached).toEqual([])
  },
)

it('answers a preflight of an origin that is not allowed without allowing it', async () => {
  const { send } = countedGate({}, { cors })
  const response = await send('/parties/main/x', {
    method: 'OPTIONS',
    headers: { ...PREFLIGHT, origin: EVIL },
  })
  expect(response.headers.has('access-control-allow-origin')).toBe(false)
  expect(response.headers.has('access-control-allow-credentials')).toBe(false)
  expect(response.headers.get('vary')).toBe('Origin')
})

it.for([
  ['it has no Origin', { 'access-control-request-method': 'PUT' }],
  ['it asks for no method', { origin: APP }],
] as const)('takes an OPTIONS for an ordinary request where %s', async ([, headers]) => {
  const { send } = countedGate({}, { cors })
  const response = await send('/parties/main/x', { method: 'OPTIONS', headers })
  expect(await codeOf(response)).toBe('credential_missing')
})

it('takes a preflight for an ordinary request where no origins are configured', async () => {
  const { send } = countedGate()
  const response = await send('/parties/main/x', { method: 'OPTIONS', headers: PREFLIGHT })
  expect(await codeOf(response)).toBe('credential_missing')
})

const answers: readonly (readonly [name: string, path: string, hook?: () => Response])[] = [
  ['a room', '/parties/main/x'],
  ['a refusal for the credential', '/parties/main/x?token=abc'],
  ['a refusal for the path', '/parties/main/%zz'],
  ['a refusal for the place', '/parties/nowhere/x'],
  ['a hook', '/parties/main/x', () => new Response('no', { status: 418 })],
  [
    'a hook that makes its own CORS headers',
    '/parties/main/x',
    () => new Response('yes', { headers: { 'access-control-allow-origin': '*' } }),
  ],
  ['a hook that redirects', '/parties/main/x', () => Response.redirect('https://login.example/')],
  ['a hook without a body', '/parties/main/x', () => new Response(null, { status: 304 })],
]

it.for(answers)(
  'lets a page of an allowed origin, and no other, read the answer of %s',
  async ([, path, hook]) => {
    const { send } = countedGate(hook === undefined ? {} : { onBeforeRequest: hook }, { cors })
    const authorization = await mintToken()
    const answerTo = async (headers: Record<string, string>) =>
      send(path, {
        headers: path.includes('?') ? headers : { ...headers, authorization },
        redirect: 'manual',
      })
    const allowed = await answerTo({ origin: APP })
    expect(allowed.headers.get('access-control-allow-origin')).toBe(APP)
    expect(allowed.headers.get('access-control-allow-credentials')).toBe('true')
    expect(allowed.headers.get('access-control-expose-headers')).toBe(
      'www-authenticate, retry-after, etag',
    )
    expect(allowed.headers.get('vary')).toContain('Origin')
    for (const headers of [{}, { origin: EVIL }, { origin: 'null' }, { origin: `${APP}.evil` }]) {
      const other = await answerTo(headers)
      expect(other.status).toBe(allowed.status)
      expect(other.headers.has('access-control-allow-origin')).toBe(false)
      expect(other.headers.get('vary')).toContain('Origin')
    }
  },
)

it('keeps the Vary header of a room', async () => {
  const { send } = countedGate(
    { onBeforeRequest: () => new Response('', { headers: { vary: 'Accept' } }) },
    { cors },
  )
  const response = await send('/parties/main/x', {
    headers: { authorization: await mintToken(), origin: APP },
  })
  expect(response.headers.get('vary')).toBe('Accept, Origin')
})

it('leaves a 101 as the room made it', async () => {
  const { send } = countedGate({}, { cors })
  const headers = { upgrade: 'websocket', origin: APP, authorization: await mintToken() }
  const response = await send('/parties/main/x', { headers })
  expect(response.status).toBe(101)
  expect([...response.headers]).toEqual([])
  response.webSocket?.accept()
  response.webSocket?.close()
})

it('sets no CORS header where no origins are configured', async () => {
  const { send } = countedGate()
  const response = await send('/parties/main/x', {
    headers: { authorization: await mintToken(), origin: APP },
  })
  expect(response.headers.has('access-control-allow-origin')).toBe(false)
  expect(response.headers.has('vary')).toBe(false)
})
