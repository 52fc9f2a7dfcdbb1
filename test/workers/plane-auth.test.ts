import { describe, expect, it } from 'vitest'
import { byNameGate, cookie, DOMAIN, FORMS, GATE, outcomeOf } from '../fixtures/by-name-gate.ts'

const BROWSER = { redirect: 'manual' } as const

describe.for(FORMS)('the link to a backend by %s', ([, homeOf]) => {
  const pathOf = (backendId: string) => new URL(`${homeOf(backendId)}/`).pathname

  it('sets the cookie with every protection, and leads to the backend', async () => {
    const { send, spawn, reached, seen } = byNameGate()
    const { backendId, token } = await spawn()
    const home = homeOf(backendId)
    const response = await send(`${home}/_plane_auth?token=${token}`, BROWSER)
    const path = pathOf(backendId)
    expect(response.status).toBe(302)
    expect(Object.fromEntries(response.headers)).toEqual({
      location: path,
      'set-cookie': `_plane_auth=${token}; Path=${path}; HttpOnly; SameSite=Lax`,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    expect([reached.length, seen]).toEqual([1, []])
    const opened = await send(home + '/', { headers: cookie(token) })
    expect(opened.status).toBe(200)
  })

  it.for<[origin: string, isSecure: boolean]>([
    [`http://127.0.0.1:8787`, false],
    [`http://[::1]:8787`, false],
    [`https://localhost:8787`, true],
    [`http://gate.example`, true],
    [`https://gate.example`, true],
    [`http://localhost.example`, true],
  ])('sets a Secure cookie outside of loopback: at %s', async ([origin, isSecure]) => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn()
    const response = await send(
      `${origin}/backends/${backendId}/_plane_auth?token=${token}`,
      BROWSER,
    )
    const set = response.headers.get('set-cookie')
    expect(set?.split('; ').slice(1)).toEqual([
      `Path=/backends/${backendId}/`,
      'HttpOnly',
      'SameSite=Lax',
      ...(isSecure ? ['Secure'] : []),
    ])
  })

  it('sets a cookie for embedding pages where that is asked for', async () => {
    const { send, spawn } = byNameGate({ connections: { partitionedCookies: true } })
    const { backendId, token } = await spawn()
    const response = await send(`${homeOf(backendId)}/_plane_auth?token=${token}`, BROWSER)
    const set = response.headers.get('set-cookie')
    expect(set).toMatch(/; HttpOnly; SameSite=None; Secure; Partitioned$/)
  })

  it('lets the cookie live no longer than the token', async () => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn({ useStaticToken: false }, { expiresInSeconds: 600 })
    const response = await send(`${homeOf(backendId)}/_plane_auth?token=${token}`, BROWSER)
    const life = Number(/; Max-Age=(\d+);/.exec(response.headers.get('set-cookie') ?? '')?.[1])
    expect(life).toBeGreaterThan(500)
    expect(life).toBeLessThanOrEqual(600)
  })

  it('takes no use of a token for one use', async () => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn({ useStaticToken: false }, { maxUses: 1 })
    const link = `${homeOf(backendId)}/_plane_auth?token=${token}`
    expect((await send(link, BROWSER)).status).toBe(302)
    expect((await send(link, BROWSER)).status).toBe(302)
    expect((await send(`${homeOf(backendId)}/`, { headers: cookie(token) })).status).toBe(200)
  })

  it('works while the backend is starting', async () => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn({ executable: { image: 'notebook' } })
    const response = await send(`${homeOf(backendId)}/_plane_auth?token=${token}`, BROWSER)
    expect(response.status).toBe(302)
  })

  it.for<[query: string, outcome: string]>([
    ['', '401 credential_missing'],
    ['?token=', '401 credential_missing'],
    ['?redirect=%2Fx', '401 credential_missing'],
    ['?Token=TOKEN', '401 credential_missing'],
    ['?token=wrong', '403 forbidden'],
    ['?token=TOKENx', '403 forbidden'],
    ['?token=TOKEN%00', '403 forbidden'],
    ['?token=TOKEN%3B%20Domain%3Dexample', '403 forbidden'],
    ['?token=OTHER', '403 forbidden'],
    ['?token=REVOKED', '403 token_revoked'],
    ['?token=TOKEN&token=TOKEN', '400 request_malformed'],
    ['?token=TOKEN&%74oken=wrong', '400 request_malformed'],
    ['?token=TOKEN&redirect=%2Fa&redirect=%2Fb', '400 request_malformed'],
  ])('sets nothing before the token is verified: %s', async ([query, outcome]) => {
    const { send, spawn, application, reached } = byNameGate()
    const [{ backendId, token }, other] = [await spawn(), await spawn()]
    if (query.includes('REVOKED')) await application.revoke({ backendId })
    const filled = query.replace(/TOKEN|REVOKED/g, token).replace('OTHER', other.token)
    const response = await send(`${homeOf(backendId)}/_plane_auth${filled}`, BROWSER)
    expect(response.headers.has('set-cookie')).toBe(false)
    expect(response.headers.has('location')).toBe(false)
    expect(response.headers.get('cache-control')).toBe('no-store')
    expect(await outcomeOf(response)).toBe(outcome)
    expect(reached).toHaveLength(query.includes('REVOKED') ? 1 : 0)
  })

  it('sets nothing where the backend has ended, or cannot be asked about', async () => {
    const { send, spawn, application } = byNameGate()
    const { backendId, token } = await spawn()
    const link = `${homeOf(backendId)}/_plane_auth?token=${token}`
    const broken = { getByName: () => ({ keepAlive: () => Promise.reject(new Error('lost')) }) }
    const backends = { ...broken, idFromName: () => undefined } as never
    const unanswered = await byNameGate({ connections: { backends } }).send(link, BROWSER)
    await application.terminate(backendId, 'hard')
    const ended = await send(link, BROWSER)
    for (const response of [unanswered, ended]) {
      expect(response.headers.has('set-cookie')).toBe(false)
    }
    expect(await outcomeOf(unanswered)).toBe('503 store_unavailable')
    expect(await outcomeOf(ended)).toBe('410 backend_gone')
  })

  it('tells strangers nothing: a wrong token is refused alike where there is no backend', async () => {
    const { send, spawn, reached } = byNameGate()
    const { backendId } = await spawn()
    const answers = [backendId, 'there-is-none'].map(async (name) => {
      const response = await send(`${homeOf(name)}/_plane_auth?token=wrong`, BROWSER)
      return `${response.status} ${await response.text()}`
    })
    const [one, other] = await Promise.all(answers)
    expect([one, reached]).toEqual([other, []])
  })

  it.for(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('is for no %s', async (method) => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn()
    const link = `${homeOf(backendId)}/_plane_auth?token=${token}`
    const response = await send(link, { ...BROWSER, method })
    expect([response.status, response.headers.has('set-cookie'), seen]).toEqual([400, false, []])
  })

  it.for<[what: string, headers: Record<string, string>, status: number]>([
    ['typed in', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 302],
    ['followed', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 302],
    ['fetched by its own page', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, 302],
    ['opened by a program', {}, 302],
    ['an image', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['a sibling’s image', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }, 403],
    ['fetched elsewhere', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' }, 403],
  ])('is no part of another page: %s', async ([, headers, status]) => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn()
    const link = `${homeOf(backendId)}/_plane_auth?token=${token}`
    const response = await send(link, { ...BROWSER, headers })
    expect(response.status).toBe(status)
    expect(response.headers.has('set-cookie')).toBe(status === 302)
  })

  it('is no way into a WebSocket', async () => {
    const { send, spawn } = byNameGate({ options: { refusedUpgrades: 'status' } })
    const { backendId, token } = await spawn()
    const headers = { upgrade: 'websocket' }
    const response = await send(`${homeOf(backendId)}/_plane_auth?token=${token}`, { headers })
    expect(response.status).toBe(400)
  })

  it.for<[query: string, location: string]>([
    ['', ''],
    ['&redirect=%2F', ''],
    ['&redirect=%2Fx%3Fa%3Db', 'x?a=b'],
    ['&redirect=/x?a=b', 'x?a=b'],
    [
      '&redirect=%2Fpath%2Fon%2Fbackend%3Fquery%3Dstring%26are%3Dfine',
      'path/on/backend?query=string&are=fine',
    ],
    ['&redirect=%2Fx%23part', 'x#part'],
    ['&redirect=%2Fx%23part&c=d', 'x?c=d#part'],
    ['&redirect=%2Fx%3Fa%3Db&c=d%20e&c=%2f+f&g', 'x?a=b&c=d%20e&c=%2f+f&g'],
    ['&c=d', '?c=d'],
    ['&&c=d&', '?c=d'],
    ['&redirect=%2F%3F&c=d', '?c=d'],
    ['&redirect=%2Fa%2520b%2F', 'a%20b/'],
    ['&redirect=%2Fa%20b+c', 'a%20b%20c'],
    ['&redirect=%2F%C3%A9', '%C3%A9'],
    ['&redirect=%2Fa%2F..%2Fb', 'b'],
    ['&redirect=%2F..%2F..%2F..%2Fctrl', 'ctrl'],
    ['&redirect=%2F%252e%252e%2F%252E.%2Fctrl', 'ctrl'],
    ['&redirect=%2Fa%252Fb', 'a%2Fb'],
    ['&redirect=%2F_plane_auth%3Fa', '_plane_auth?a'],
  ])('leads where redirect says, with the rest of the query: %s', async ([query, location]) => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn()
    const response = await send(`${homeOf(backendId)}/_plane_auth?token=${token}${query}`, BROWSER)
    expect(response.headers.get('location')).toBe(pathOf(backendId) + location)
  })
})

it('is for the backend’s own path where a name is encoded in it', async () => {
  const { send, spawn } = byNameGate()
  const { token } = await spawn({ id: 'linked-encoded' })
  const link = `${GATE}/backends/%6cinked-encoded/_plane_auth?token=${token}&redirect=%2Fx`
  const response = await send(link, BROWSER)
  expect(response.headers.get('location')).toBe('/backends/linked-encoded/x')
  expect(response.headers.get('set-cookie')).toContain('Path=/backends/linked-encoded/;')
})

it.for(['/_plane_auth/', '/a/_plane_auth', '/_plane_authx', '/_Plane_auth'])(
  'is no other path of the backend: %s',
  async (path) => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn()
    const url = `http://${backendId}.${DOMAIN}${path}?token=x`
    expect((await send(url, { headers: cookie(token) })).status).toBe(200)
    expect(seen[0]?.url).toBe(url)
  },
)
