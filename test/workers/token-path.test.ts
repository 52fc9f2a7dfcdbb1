import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/connection/connections.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { TOKEN, visitWith } from '../fixtures/token-visit.ts'

const STATIC = `s.${TOKEN}`
const ROOM = { kind: 'room', party: 'main', room: 'a/b ü' } as const
const SERVICE = { kind: 'service', service: 'files' } as const

describe('the first path segment', () => {
  it.for([
    '/',
    '//x',
    '/short/x',
    '/fifteen-letters',
    '/fifteen-letters/x',
    '/s.fifteen-letters',
    '/t.a-token-of-26-characters_A',
    '/s.s.a-token-of-26-characters_A',
    '/a-token.of-26-characters_A/x',
    '/a-token%2Dof-26-characters_A/x',
    '/a-token-of-26-characters_A;v=1/x',
    '/ü-token-of-26-characters_A/x',
    '//a-token-of-26-characters_A/x',
    '/parties/main/a-token-of-26-characters_A',
    '/party/a-token-of-26-characters_A',
    '/backends/a-token-of-26-characters_A',
    '/ctrl/b/a-token-of-26-characters_A/soft-terminate',
    '/pub/b/a-token-of-26-characters_A/status',
    '/v2/backend/a-token-of-26-characters_A/status',
    '/_portico/health?token=a-token-of-26-characters_A',
    '/.well-known/jwks.json',
  ])('is no token, and nobody is asked, in %s', async (path) => {
    const { answer, admitted } = await visitWith({}, path)
    expect(answer).toBeUndefined()
    expect(admitted).toEqual([])
  })

  it.for(['collaborative-documents', 'collaborative-documents/rooms'])(
    'is no token where the rooms stand below %s',
    async (roomPrefix) => {
      const visited = await visitWith({ roomPrefix }, '/collaborative-documents/main/x')
      expect(visited.answer).toBeUndefined()
      const elsewhere = await visitWith({ roomPrefix }, '/collaborative-documentS/main/x')
      expect(elsewhere.admitted).toHaveLength(1)
    },
  )

  it.for([
    ['sixteen-letters_', '/sixteen-letters_'],
    [TOKEN, `/${TOKEN}`],
    [TOKEN, `/${TOKEN}?q`],
    [STATIC, `/${STATIC}/x`],
    ['s.sixteen-letters_', '/s.sixteen-letters_/'],
    ['x'.repeat(4000), `/${'x'.repeat(4000)}/x`],
  ] as const)('is the token %s', async ([token, path]) => {
    const { admitted } = await visitWith({}, path)
    expect(admitted.map((visit) => visit.token)).toEqual([token])
  })

  it('brings along what a token may be bound to', async () => {
    const headers = { origin: 'https://app.example' }
    const { admitted } = await visitWith({}, `/${TOKEN}/a%2Fb//c?q=1`, { method: 'PUT', headers })
    expect(admitted[0]?.arrival).toMatchObject({
      method: 'PUT',
      rest: '/a%2Fb//c',
      origin: 'https://app.example',
      host: 'gate.example',
    })
    expect(admitted[0]?.arrival.isPreflight).toBe(false)
  })

  it('says of a preflight that it is one, since it is no use of the token', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'PUT' }
    for (const [method, is] of [
      ['OPTIONS', true],
      ['GET', false],
    ] as const) {
      const { admitted } = await visitWith({}, `/${TOKEN}/a`, { method, headers })
      expect(admitted[0]?.arrival.isPreflight).toBe(is)
    }
  })

  it('keeps the credentials of the gate from the backend, and leaves the other cookies', async () => {
    const headers = { cookie: 'a=1; __session=eyJ; b=2', authorization: 'Basic YTpi' }
    const { seen } = await visitWith({}, `/${TOKEN}/a`, { headers })
    expect(seen[0]?.headers.get('cookie')).toBe('a=1; b=2')
    expect(seen[0]?.headers.get('authorization')).toBe('Basic YTpi')
  })

  it('brings along a slash where nothing follows it, and no origin where there is none', async () => {
    const { admitted } = await visitWith({}, `/${TOKEN}?q=1`)
    expect(admitted[0]?.arrival).toMatchObject({ rest: '/', origin: undefined })
  })

  it.for(['/a%00b', '/%zz', '/%5c'])(
    'does not make a token good with %s behind it',
    async (rest) => {
      const { answer, admitted } = await visitWith({}, `/${TOKEN}${rest}`)
      expect(answer?.response.status).toBe(400)
      expect(answer?.refusal?.code).toBe('request_malformed')
      expect(admitted).toEqual([])
    },
  )
})

it.for<[path: string, target: string, grant?: Partial<Grant>]>([
  [`/${TOKEN}`, '/'],
  [`/${TOKEN}/`, '/'],
  [`/${TOKEN}?q=1`, '/?q=1'],
  [`/${TOKEN}/?q=1`, '/?q=1'],
  [`/${TOKEN}//x`, '//x'],
  [`/${TOKEN}/rest/a%2Fb;c=d/?token=x&q=%20`, '/rest/a%2Fb;c=d/?token=x&q=%20'],
  [`/${TOKEN}/${TOKEN}/x`, `/${TOKEN}/x`],
  [`/${TOKEN}/@evil.example/`, '/@evil.example/'],
  [`/${TOKEN}//evil.example/`, '//evil.example/'],
  [`/${STATIC}`, `/${STATIC}`, { isStatic: true }],
  [`/${STATIC}/foobar?q=1`, `/${STATIC}/foobar?q=1`, { isStatic: true }],
])('%s reaches the origin as %s', async ([path, target, grant = {}]) => {
  const { seen } = await visitWith({ grant }, path)
  expect(seen.map(({ url }) => url)).toEqual([`https://backend.example:8443${target}`])
})

it.for<[path: string, target: string, grant: Partial<Grant>]>([
  [`/${TOKEN}`, '/parties/main/a%2Fb%20%C3%BC', { address: ROOM }],
  [`/${TOKEN}/?q=1`, '/parties/main/a%2Fb%20%C3%BC/?q=1', { address: ROOM }],
  [`/${TOKEN}/x//y?q=1`, '/parties/main/a%2Fb%20%C3%BC/x//y?q=1', { address: ROOM }],
  [`/${STATIC}/x`, `/parties/main/a%2Fb%20%C3%BC/${STATIC}/x`, { address: ROOM, isStatic: true }],
  [`/${TOKEN}/x?q=1`, '/x?q=1', { address: SERVICE }],
  [`/${TOKEN}`, '/', { address: SERVICE }],
  [`/${STATIC}/x`, `/${STATIC}/x`, { address: SERVICE, isStatic: true }],
])('%s reaches a room or a service as %s', async ([path, target, grant]) => {
  const { answer, seen } = await visitWith({ grant }, path)
  const { url } = JSON.parse((await answer?.response.text()) ?? '') as Seen
  expect(url).toBe(`https://gate.example${target}`)
  expect(seen).toEqual([])
})

it('opens a socket to a room and leaves it to the room', async () => {
  const headers = { upgrade: 'websocket' }
  const { answer } = await visitWith({ grant: { address: ROOM } }, `/${TOKEN}/x`, { headers })
  const socket = answer?.response.webSocket
  expect(answer?.response.headers.get('x-plane-backend-id')).toBe('backend-1')
  const first = new Promise<MessageEvent>((resolve) => {
    socket?.addEventListener('message', resolve, { once: true })
  })
  socket?.accept()
  const seen = JSON.parse(String((await first).data)) as Seen
  expect(seen.url).toBe('https://gate.example/parties/main/a%2Fb%20%C3%BC/x')
  expect(seen.headers['x-verified-secret']).toBe('a-secret-of-the-backend')
  socket?.close()
})

it.for<[what: string, grant: Partial<Grant>]>([
  ['a party', { address: { kind: 'room', party: 'gone', room: 'x' } }],
  [
    'a party with the name of a property',
    { address: { kind: 'room', party: 'constructor', room: 'x' } },
  ],
  ['a service', { address: { kind: 'service', service: 'gone' } }],
])('answers 410 where the configuration no longer names %s', async ([, grant]) => {
  const { answer } = await visitWith({ grant }, `/${TOKEN}/x`)
  expect(answer?.response.status).toBe(410)
  expect(answer?.refusal?.code).toBe('backend_gone')
})
