import { expect, it } from 'vitest'
import { codeOf, countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const SIGN_IN = 'https://accounts.example.com/sign-in?theme=dark'
const PAGE = { 'sec-fetch-dest': 'document' }

function gateWith(room: Parameters<typeof countedGate>[0] = {}) {
  return countedGate(room, { signInUrl: SIGN_IN })
}

/** Where the sign-in page is told to send the person back to. */
function returnTo(response: Response): string | null {
  expect(response.status).toBe(302)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  const location = new URL(response.headers.get('location') ?? '')
  expect(location.origin + location.pathname).toBe('https://accounts.example.com/sign-in')
  expect(location.searchParams.get('theme')).toBe('dark')
  return location.searchParams.get('return_to')
}

it.for<[name: string, headers: Readonly<Record<string, string>>]>([
  ['a navigation', PAGE],
  ['a navigation that accepts anything', { ...PAGE, accept: '*/*' }],
  ['an older browser', { accept: 'text/html,application/xhtml+xml' }],
])('sends %s without a session to sign in, and nobody to the room', async ([, headers]) => {
  const { send, reached } = gateWith()
  const response = await send('/parties/main/x?a=1&b=%20', { headers })
  expect(returnTo(response)).toBe(`${ORIGIN}/parties/main/x?a=1&b=%20`)
  expect(reached).toEqual([])
})

it('sends a session that has ended, and says nothing of its token', async () => {
  const token = await mintToken({ exp: 1_000_000_000, iat: 999_999_000 })
  const { send } = gateWith()
  const byCookie = await send('/parties/main/x', {
    headers: { ...PAGE, cookie: `__session=${token}` },
  })
  expect(returnTo(byCookie)).toBe(`${ORIGIN}/parties/main/x`)
  for (const name of ['token', 'tok%65n']) {
    const byQuery = await send(`/parties/main/x?a=1&${name}=${token}&b=2`, { headers: PAGE })
    expect(returnTo(byQuery)).toBe(`${ORIGIN}/parties/main/x?a=1&b=2`)
  }
})

it('leaves out what is a credential at any destination', async () => {
  const token = await mintToken({ exp: 1_000_000_000, iat: 999_999_000 })
  const { send } = gateWith({ carriers: { query: 'key' } })
  const response = await send(`/parties/main/x?key=${token}&token=${token}`, { headers: PAGE })
  expect(returnTo(response)).toBe(`${ORIGIN}/parties/main/x`)
})

it.for<[name: string, init: RequestInit]>([
  ['a script', { headers: { 'sec-fetch-dest': 'empty', accept: 'text/html' } }],
  ['a frame', { headers: { 'sec-fetch-dest': 'iframe', accept: 'text/html' } }],
  ['a client of an API', { headers: { accept: 'application/json' } }],
  ['whoever does not say', {}],
  ['a form', { method: 'POST', headers: PAGE }],
  ['a HEAD', { method: 'HEAD', headers: PAGE }],
  ['a socket', { headers: { ...PAGE, upgrade: 'websocket' } }],
  ['an upgrade to something else', { headers: { ...PAGE, upgrade: 'h2c' } }],
])('tells %s the refusal itself', async ([, init]) => {
  const { send } = gateWith()
  expect((await send('/parties/main/x', init)).status).toBe(401)
})

it.for<[name: string, code: string, headers: Readonly<Record<string, string>>]>([
  ['a token that is wrong', 'token_malformed', { cookie: '__session=x' }],
  ['two sessions', 'credential_ambiguous', { cookie: '__session=a; __session=b' }],
])('does not sign in anew over %s', async ([, code, headers]) => {
  const { send } = gateWith()
  expect(await codeOf(await send('/parties/main/x', { headers: { ...PAGE, ...headers } }))).toBe(
    code,
  )
})

it.for([
  ['/parties/main/x//evil.example'],
  ['/parties/main/x?return_to=//evil.example'],
  ['/parties/main/x?u=https://evil.example/'],
  ['/parties/main/%2F%2Fevil.example'],
])('leads back to its own origin only: %s', async ([path = '']) => {
  const response = await gateWith().send(path, { headers: PAGE })
  expect(new URL(returnTo(response) ?? '').origin).toBe(ORIGIN)
  expect(returnTo(response)).toBe(ORIGIN + path)
})

it('believes no header about where it is', async () => {
  const headers = {
    ...PAGE,
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'http',
    forwarded: 'host=evil.example',
    'x-clerk-auth-status': 'signed-in',
    'x-clerk-redirect-to': 'https://evil.example',
  }
  expect(returnTo(await gateWith().send('/parties/main/x', { headers }))).toBe(
    `${ORIGIN}/parties/main/x`,
  )
})

it.for([
  '/sign-in',
  'http://accounts.example.com/',
  'javascript:alert(1)',
  'https://a:b@x.example',
])('cannot send to %s', (signInUrl) => {
  expect(() => countedGate({}, { signInUrl })).toThrow(/^signInUrl: /)
})
