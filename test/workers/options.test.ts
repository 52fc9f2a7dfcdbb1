import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { expect, it } from 'vitest'
import { ConfigurationError, createGate, jwt, type GateOptions } from '../../src/portico.ts'
import { AUDIENCE, ISSUER, SECRET } from '../support/mint-token.ts'

const verify = jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET })
const main = { binding: 'ECHO_ROOM' } as const
const api = { origin: 'https://api.example' } as const
const rooms = { main }
const hook = () => undefined
const LONG = 'n'.repeat(513)

const wrong: readonly (readonly [named: string, options: unknown])[] = [
  ['verify', { rooms }],
  ['verify', { rooms, verify: [] }],
  ['verify', { rooms, verify: 'jwt' }],
  ['verify', { rooms, verify: [verify, { issuer: ISSUER }] }],
  ['verify', { backends: { api } }],
  ['rooms.main', { rooms: { main: { ...main, auth: 'hook' } } }],
  ['rooms.main.auth', { verify, rooms: { main: { ...main, auth: 'none' } } }],
  ['rooms.main.auth', { verify, rooms: { main: { ...main, auth: false } } }],
  ['rooms.main.onBeforeConnect', { verify, rooms: { main: { ...main, onBeforeConnect: 'hook' } } }],
  ['rooms.main.onBeforeRequest', { verify, rooms: { main: { ...main, onBeforeRequest: {} } } }],
  [
    'rooms.main.onBeforeRequest',
    {
      verify,
      rooms: {
        main: { ...main, onBeforeRequest: hook, server: { name: 'Main', onBeforeRequest: hook } },
      },
    },
  ],
  [
    'rooms.main.onBeforeConnect',
    {
      verify,
      rooms: {
        main: { ...main, onBeforeConnect: hook, server: { name: 'Main', onBeforeConnect: hook } },
      },
    },
  ],
  [
    'rooms.main.carriers.query',
    { verify, rooms: { main: { ...main, carriers: { query: 'a b' } } } },
  ],
  ['rooms', { verify, rooms: { '': main } }],
  ['rooms', { verify, rooms: { [LONG]: main } }],
  ['backends', { verify, backends: { '': api } }],
  ['backends', { verify, backends: { [LONG]: api } }],
  ['backends.api.auth', { verify, backends: { api: { ...api, auth: 'Optional' } } }],
  ['backends.api.path', { verify, backends: { api: { ...api, path: 'drop' } } }],
  ['backends.api.origin', { verify, backends: { api: { origin: '' } } }],
  ['backends.api.origin', { verify, backends: { api: { origin: 'api.example' } } }],
  ['backends.api.origin', { verify, backends: { api: { origin: 'ftp://api.example' } } }],
  ['backends.api.origin', { verify, backends: { api: { origin: 'wss://api.example' } } }],
  ['backends.api.origin', { verify, backends: { api: { origin: 'https://api.example/v1' } } }],
  ['backends.api.origin', { verify, backends: { api: { origin: 'https://api.example/?a' } } }],
  [
    'backends.api.origin',
    { verify, backends: { api: { origin: 'https://user:password@api.example' } } },
  ],
  ['carriers.query', { verify, rooms, carriers: { query: '' } }],
  ['carriers.query', { verify, rooms, carriers: { query: true } }],
  ['carriers.query', { verify, rooms, carriers: { query: undefined } }],
  ['carriers.query', { verify, rooms, carriers: { query: 'a=b' } }],
  ['carriers.query', { verify, rooms, carriers: { query: 'a%62' } }],
  ['carriers.cookie', { verify, rooms, carriers: { cookie: 'a;b' } }],
  ['carriers.cookie', { verify, rooms, carriers: { cookie: null } }],
  ['carriers.authorization', { verify, rooms, carriers: { authorization: 'Bearer' } }],
  ['carriers.subprotocol', { verify, rooms, carriers: { subprotocol: 'bearer' } }],
  ['onBeforeConnect', { verify, rooms, onBeforeConnect: [hook] }],
  ['onBeforeRequest', { verify, rooms, onBeforeRequest: 'hook' }],
  ['refusedUpgrades', { verify, rooms, refusedUpgrades: 'always' }],
  ['prefix', { verify, rooms, prefix: '' }],
  ['prefix', { verify, rooms, prefix: '/' }],
  ['prefix', { verify, rooms, prefix: 'a//b' }],
  ['prefix', { verify, rooms, prefix: '..' }],
  ['prefix', { verify, rooms, prefix: 'a/../b' }],
  ['prefix', { verify, rooms, prefix: 'a b' }],
  ['prefix', { verify, rooms, prefix: 'caf%C3%A9' }],
  ['prefix', { verify, rooms, prefix: ':tenant' }],
  ['prefix', { verify, rooms, prefix: 'a?b' }],
  ['prefix', { verify, rooms, prefix: 'party' }],
  ['prefix', { verify, rooms, prefix: '/backends/x' }],
  ['prefix', { verify, rooms, prefix: '_portico' }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['*'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['null'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: [''] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['app.example'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['https://app.example/'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['https://app.example/path'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['https://App.example'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['https://app.example:443'] } }],
  ['cors.origins[0]', { verify, rooms, cors: { origins: ['https://*.example'] } }],
  [
    'cors.origins[1]',
    {
      verify,
      rooms,
      cors: { origins: ['https://app.example', 'https://a.example, https://b.example'] },
    },
  ],
  ['cors.allowHeaders', { verify, rooms, cors: { origins: [], allowHeaders: ['x-a\r\nx-b'] } }],
  ['cors.exposeHeaders', { verify, rooms, cors: { origins: [], exposeHeaders: [''] } }],
  ['cors.maxAgeSeconds', { verify, rooms, cors: { origins: [], maxAgeSeconds: -1 } }],
  ['cors.maxAgeSeconds', { verify, rooms, cors: { origins: [], maxAgeSeconds: Number.NaN } }],
]

it.for(wrong)(
  'names the option %s when it is wrong, before the first request: %o',
  ([named, options]) => {
    let thrown: unknown
    try {
      createGate(options as GateOptions<Cloudflare.Env>)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toBeInstanceOf(ConfigurationError)
    expect(String(thrown)).toContain(`ConfigurationError: ${named}: `)
  },
)

const unbound: readonly (readonly [named: string, options: unknown])[] = [
  ['rooms.main.binding', { verify, rooms: { main: { binding: 'MISSING' } } }],
  ['rooms.main.binding', { verify, rooms: { main: { binding: 'constructor' } } }],
  ['rooms.main.binding', { verify, rooms: { main: { binding: undefined } } }],
  ['rooms.main.binding', { verify, rooms: { main: { binding: {} } } }],
  ['backends.api', { verify, backends: { api: { service: 'MISSING' } } }],
  ['backends.api', { verify, backends: { api: {} } }],
]

it.for(unbound)(
  'refuses every request, and names %s, where the binding is not there: %o',
  async ([named, options]) => {
    const gate = createGate(options as GateOptions<Cloudflare.Env>)
    for (const path of ['/parties/main/x', '/parties/other/x', '/nothing', '/_portico/health']) {
      const response = await gate.fetch(
        new Request(`https://gate.example${path}`),
        env,
        createExecutionContext(),
      )
      expect(response.status).toBe(500)
      const problem = await response.json<{ code: string; detail: string }>()
      expect(problem.code).toBe('gate_misconfigured')
      expect(problem.detail).toContain(`${named}: `)
    }
  },
)

it('makes the options from env once, and says nothing of an error that is not its own', async () => {
  let calls = 0
  const gate = createGate<Cloudflare.Env>(() => {
    calls += 1
    throw new Error(`the secret is ${SECRET}`)
  })
  for (const path of ['/parties/main/x', '/_portico/health']) {
    const response = await gate.fetch(
      new Request(`https://gate.example${path}`),
      env,
      createExecutionContext(),
    )
    expect(response.status).toBe(500)
    expect(await response.text()).not.toContain(SECRET)
  }
  expect(calls).toBe(1)
})

const right: readonly GateOptions<Cloudflare.Env>[] = [
  {},
  { verify, rooms },
  { verify: [verify, verify], rooms, backends: { api } },
  { rooms: { main: { ...main, auth: 'hook', onBeforeConnect: hook } } },
  { onBeforeConnect: hook, rooms: { main: { ...main, auth: 'hook' } } },
  {
    verify,
    backends: { api: { origin: 'http://127.0.0.1:9000/', path: 'keep', auth: 'optional' } },
  },
  {
    verify,
    rooms,
    cors: { origins: ['https://app.example', 'http://[::1]:5173', 'https://xn--caf-dma.example'] },
  },
  {
    verify,
    rooms,
    carriers: { query: false, cookie: '__Host-id', authorization: false, subprotocol: false },
  },
]

it.for(right)('accepts %o', async (options) => {
  const response = await createGate(options).fetch(
    new Request('https://gate.example/_portico/health'),
    env,
    createExecutionContext(),
  )
  expect(await response.json()).toEqual({ status: 'ok' })
})
