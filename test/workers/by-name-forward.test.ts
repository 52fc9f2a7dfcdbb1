import { describe, expect, it } from 'vitest'
import { bearer, byNameGate, cookie, FORMS, GATE, outcomeOf } from '../fixtures/by-name-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'

describe.for(FORMS)('a backend by %s', ([, homeOf]) => {
  it.for<[what: string, headersOf: (token: string) => Record<string, string>, kept: string | null]>(
    [
      ['the header', (token) => bearer(token), null],
      ['the header, beside the cookie', (token) => ({ ...bearer(token), ...cookie(token) }), null],
      ['the cookie', (token) => cookie(token), null],
      [
        'the cookie among others',
        (t) => ({ cookie: `a=1; _plane_auth=${t}; b=%20` }),
        'a=1; b=%20',
      ],
      ['no token', () => ({ cookie: 'a=1; _plane_auth=' }), 'a=1'],
      ['the gate’s own cookies', (t) => ({ cookie: `__session=x; a=1; _plane_auth=${t}` }), 'a=1'],
    ],
  )('is not told the credential: %s', async ([, headersOf, kept]) => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn({ isOpen: true })
    const response = await send(`${homeOf(backendId)}/x`, { headers: headersOf(token) })
    expect(response.status).toBe(200)
    const told = Object.fromEntries(seen[0]?.headers ?? [])
    expect(told).not.toHaveProperty('authorization')
    expect(told['cookie'] ?? null).toBe(kept)
    expect(JSON.stringify(told)).not.toContain(token)
  })

  it('is told who is there, by whom, and where it is', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token, secretToken } = await spawn(
      { useStaticToken: false },
      { user: 'zoë' },
    )
    const url = `${homeOf(backendId)}/a%2Fb//c?d=%20e`
    const forged = { 'x-verified-secret': 'forged', X_Verified_User: 'x', 'x-forwarded-for': '1' }
    const body = 'hello'
    await send(url, {
      method: 'PUT',
      body,
      headers: { ...forged, ...bearer(token), 'x-mine': '1' },
    })
    const home = new URL(homeOf(backendId))
    const prefix = home.pathname === '/' ? '' : home.pathname
    expect(seen[0]?.url).toBe(`${home.origin}/a%2Fb//c?d=%20e`)
    expect(Object.fromEntries(seen[0]?.headers ?? [])).toEqual({
      'content-type': 'text/plain;charset=UTF-8',
      'x-verified-username': 'zo%C3%AB',
      'x-verified-user-data': '{}',
      'x-verified-secret': secretToken,
      'x-verified-backend': backendId,
      'x-verified-path': `${prefix}/a%2Fb//c`,
      'x-forwarded-proto': 'http',
      'x-forwarded-host': home.host,
      ...(prefix !== '' && { 'x-forwarded-prefix': prefix }),
      'x-mine': '1',
    })
  })

  it('is told nobody’s name and an empty secret with the bearer token', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn()
    await send(`${homeOf(backendId)}/`, { headers: bearer(token) })
    const told = Object.fromEntries(seen[0]?.headers ?? [])
    expect(told).toMatchObject({ 'x-verified-backend': backendId, 'x-verified-secret': '' })
    expect(told).not.toHaveProperty('x-verified-username')
  })

  it('gets its root for a path without a slash', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn()
    await send(`${homeOf(backendId)}?x=1`, { headers: bearer(token) })
    expect(seen[0]?.url).toBe(`${new URL(homeOf(backendId)).origin}/?x=1`)
  })

  it('can be a room of the gate', async () => {
    const { send, spawn } = byNameGate()
    const executable = { room: { party: 'main', room: 'a b' } }
    const { backendId, token } = await spawn({ executable })
    const response = await send(`${homeOf(backendId)}/x?y=1`, { headers: bearer(token) })
    const { url, headers } = await response.json<Seen>()
    expect(new URL(url).pathname).toBe('/parties/main/a%20b/x')
    expect(headers).toMatchObject({ 'x-verified-backend': backendId })
    expect(Object.keys(headers).filter((name) => name.startsWith('x-forwarded'))).toEqual([])
  })

  it('keeps the page that its own page came from, and not one whose path begins with a token', async () => {
    const { send, spawn, seen } = byNameGate()
    const [{ backendId, token }, other] = [await spawn(), await spawn({ useStaticToken: false })]
    const pages = [`${homeOf(backendId)}/a-chapter-with-a-long-name/1`, `${GATE}/${other.token}/`]
    for (const referer of pages) {
      await send(`${homeOf(backendId)}/`, { headers: { ...bearer(token), referer } })
    }
    expect(seen.map(({ headers }) => headers.get('referer'))).toEqual([pages[0], null])
  })

  it('answers as it likes: redirects, cookies and all headers come through', async () => {
    const { send, spawn } = byNameGate({
      backend: () =>
        new Response(null, { status: 302, headers: { location: '/next', 'set-cookie': 'a=1' } }),
    })
    const { backendId, token } = await spawn()
    const init = { headers: bearer(token), redirect: 'manual' } as const
    const response = await send(`${homeOf(backendId)}/`, init)
    expect(response.status).toBe(302)
    expect(Object.fromEntries(response.headers)).toMatchObject({
      location: '/next',
      'set-cookie': 'a=1',
      'x-plane-backend-id': backendId,
    })
    expect(response.headers.has('referrer-policy')).toBe(false)
  })

  it('is 502 where it fails, and tells which one it was', async () => {
    const { send, spawn } = byNameGate({
      backend: () => Promise.reject(new Error('a secret of the backend')),
    })
    const { backendId, token } = await spawn()
    const response = await send(`${homeOf(backendId)}/`, { headers: bearer(token) })
    expect(response.headers.get('x-plane-backend-id')).toBe(backendId)
    expect(await outcomeOf(response)).toBe('502 backend_unavailable')
  })
})
