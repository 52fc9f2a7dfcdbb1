import { expect, it } from 'vitest'
import { closeOf, codeOf, countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const UPGRADE = { upgrade: 'websocket' }
const APP = 'https://app.example.com'
const cors = { origins: [APP, 'http://localhost:5173'] }

async function sessionCookie(): Promise<string> {
  return `__session=${await mintToken()}`
}

const strange: readonly (readonly [name: string, origin: string | undefined])[] = [
  ['no origin', undefined],
  ['an opaque origin', 'null'],
  ['an empty origin', ''],
  ['another site', 'https://evil.example'],
  ['an origin that ends with more', `${APP}.evil`],
  ['an origin that ends with a host', `${APP}.evil.com`],
  ['an origin that begins with more', 'https://evilapp.example.com'],
  ['a subdomain', 'https://x.app.example.com'],
  ['the parent domain', 'https://example.com'],
  ['another scheme', 'http://app.example.com'],
  ['another port', `${APP}:8443`],
  ['the default port written out', `${APP}:443`],
  ['a path', `${APP}/`],
  ['upper case', 'https://APP.example.com'],
  ['user information', 'https://app.example.com@evil.com'],
  ['two origins', `${APP}, https://evil.example`],
  ['the gate’s own host on another scheme', 'http://gate.example'],
  ['the gate’s own host on another port', `${ORIGIN}:8443`],
]

it.for(strange)('refuses an upgrade with a cookie from a page of %s', async ([, origin]) => {
  const { send, reached } = countedGate({}, { cors })
  const headers = {
    ...UPGRADE,
    cookie: await sessionCookie(),
    ...(origin === undefined ? {} : { origin }),
  }
  const response = await send('/parties/main/x', { headers })
  if (origin === undefined) {
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('origin_refused')
  } else {
    const { code, reason } = await closeOf(response)
    expect({ code, reason }).toEqual({ code: 4403, reason: '{"code":"origin_refused"}' })
  }
  expect(reached).toEqual([])
})

it.for(strange)(
  'refuses a POST with the cookie as credential from a page of %s',
  async ([, origin]) => {
    const { send, reached } = countedGate({}, { cors })
    const headers = { cookie: await sessionCookie(), ...(origin === undefined ? {} : { origin }) }
    const response = await send('/parties/main/x', { method: 'POST', headers })
    expect(response.status).toBe(403)
    expect(await codeOf(response)).toBe('origin_refused')
    expect(reached).toEqual([])
  },
)

it.for([APP, 'http://localhost:5173', ORIGIN])(
  'lets pages of %s use the cookie',
  async (origin) => {
    const { send, reached } = countedGate({}, { cors })
    const headers = { cookie: await sessionCookie(), origin }
    const opened = await send('/parties/main/x', { headers: { ...headers, ...UPGRADE } })
    expect(opened.status).toBe(101)
    opened.webSocket?.accept()
    opened.webSocket?.close()
    expect((await send('/parties/main/x', { method: 'POST', headers })).status).toBe(200)
    expect(reached).toHaveLength(2)
  },
)

it('lets only pages of its own origin use the cookie where no origins are configured', async () => {
  const { send } = countedGate()
  const cookie = await sessionCookie()
  const post = async (origin: string) =>
    send('/parties/main/x', { method: 'POST', headers: { cookie, origin } })
  expect((await post(ORIGIN)).status).toBe(200)
  expect((await post(APP)).status).toBe(403)
})

it.for(['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'])(
  'wants an allowed origin for a %s with the cookie',
  async (method) => {
    const { send } = countedGate({}, { cors })
    const response = await send('/parties/main/x', {
      method,
      headers: { cookie: await sessionCookie() },
    })
    expect(response.status).toBe(403)
  },
)

it.for(['GET', 'HEAD', 'OPTIONS'])('wants no origin for a %s with the cookie', async (method) => {
  const { send } = countedGate({}, { cors })
  const headers = { cookie: await sessionCookie(), origin: 'https://evil.example' }
  expect((await send('/parties/main/x', { method, headers })).status).toBe(200)
})

it('wants an allowed origin for an upgrade with any cookie, whatever its credential', async () => {
  const { send, reached } = countedGate({}, { cors })
  const headers = { ...UPGRADE, cookie: 'theme=dark', origin: 'https://evil.example' }
  const response = await send(`/parties/main/x?token=${await mintToken()}`, { headers })
  expect((await closeOf(response)).code).toBe(4403)
  expect(reached).toEqual([])
})

it('wants no origin for an upgrade without cookies', async () => {
  const { send } = countedGate({}, { cors })
  for (const origin of [{}, { origin: 'https://evil.example' }]) {
    const response = await send(`/parties/main/x?token=${await mintToken()}`, {
      headers: { ...UPGRADE, ...origin },
    })
    expect(response.status).toBe(101)
    response.webSocket?.accept()
    response.webSocket?.close()
  }
})

it('wants no origin for a POST whose credential no browser adds by itself', async () => {
  const { send } = countedGate({}, { cors })
  const token = await mintToken()
  const headers = { cookie: 'theme=dark', origin: 'https://evil.example' }
  expect(
    (
      await send('/parties/main/x', {
        method: 'POST',
        headers: { ...headers, authorization: token },
      })
    ).status,
  ).toBe(200)
  expect((await send(`/parties/main/x?token=${token}`, { method: 'POST', headers })).status).toBe(
    200,
  )
})

it.for(['optional', 'hook'] as const)(
  'wants an allowed origin for a POST with cookies also where auth is %s',
  async (auth) => {
    const { send, reached } = countedGate({ auth, onBeforeRequest: (request) => request }, { cors })
    const headers = { cookie: 'theme=dark', origin: 'https://evil.example' }
    const response = await send('/parties/main/x', { method: 'POST', headers })
    expect(await codeOf(response)).toBe('origin_refused')
    expect(reached).toEqual([])
  },
)
