import { describe, expect, it } from 'vitest'
import { byNameGate, bearer, cookie, FORMS, outcomeOf } from '../fixtures/by-name-gate.ts'
import { mintToken } from '../support/mint-token.ts'

describe.for(FORMS)('a backend by %s', ([, homeOf]) => {
  it('wants a bearer token', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId } = await spawn()
    const response = await send(`${homeOf(backendId)}/x`)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="portico"')
    expect(response.headers.get('content-type')).toBe('application/problem+json')
    expect(await response.json()).toMatchObject({
      code: 'credential_missing',
      detail: 'Expected bearer token.',
    })
    expect(seen).toEqual([])
  })

  it.for([
    ['Bearer', (token: string) => bearer(token)],
    ['bearer', (token: string) => ({ authorization: `bearer ${token}` })],
    ['BEARER', (token: string) => ({ authorization: `BEARER ${token}` })],
    ['the cookie', (token: string) => cookie(token)],
    ['the cookie among others', (token: string) => ({ cookie: `a=1; _plane_auth=${token}; b=2` })],
    [
      'the cookie twice',
      (token: string) => ({ cookie: `_plane_auth=${token};_plane_auth=${token}` }),
    ],
  ] as const)('opens with its token as %s, in one object call', async ([, headersOf]) => {
    const { send, spawn, reached, seen } = byNameGate()
    const { backendId, token } = await spawn()
    const response = await send(`${homeOf(backendId)}/a/b?c=d`, { headers: headersOf(token) })
    expect(response.status).toBe(200)
    expect(seen[0]?.url).toMatch(/\/a\/b\?c=d$/)
    expect(reached).toHaveLength(1)
  })

  it('opens with a connection token of that backend, and tells who it is', async () => {
    const { send, spawn, seen } = byNameGate()
    const auth = { role: 'editor' }
    const { backendId, token } = await spawn({ useStaticToken: false }, { user: 'alice', auth })
    expect((await send(`${homeOf(backendId)}/`, { headers: bearer(token) })).status).toBe(200)
    expect(Object.fromEntries(seen[0]?.headers ?? [])).toMatchObject({
      'x-verified-username': 'alice',
      'x-verified-user-data': '{"role":"editor"}',
    })
  })

  it('refuses every wrong token alike, and reaches no object for it', async () => {
    const { send, spawn, reached, seen } = byNameGate()
    const [{ backendId, token }, other] = [await spawn(), await spawn()]
    const another = await spawn({ useStaticToken: false })
    const changed = token.slice(0, -1) + (token.endsWith('A') ? 'Q' : 'A')
    const wrong = [changed, other.token, another.token, `${token}x`, 'secret', await mintToken()]
    const answers: string[] = []
    for (const name of [backendId, 'there-is-none']) {
      for (const text of wrong) {
        for (const headers of [bearer(text), cookie(text)]) {
          const response = await send(`${homeOf(name)}/`, { headers })
          answers.push(`${response.status} ${await response.text()}`)
        }
      }
    }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toMatch(/^403 .*forbidden/)
    expect([reached, seen]).toEqual([[], []])
  })

  it('reaches no object for a token whose time is over', async () => {
    const { send, spawn, reached } = byNameGate({ now: () => Date.now() - 3_600_000 })
    const { backendId, token } = await spawn({ useStaticToken: false }, { expiresInSeconds: 60 })
    const response = await send(`${homeOf(backendId)}/`, { headers: bearer(token) })
    expect(await outcomeOf(response)).toBe('403 token_expired')
    expect(reached).toEqual([])
  })

  it.for<[what: string, authorization: string, outcome: string]>([
    ['another scheme', 'Basic YTpi', '403 token_malformed'],
    ['a scheme alone', 'Bearer', '403 token_malformed'],
    ['two tokens', 'Bearer a, Bearer b', '401 credential_ambiguous'],
    ['nothing', '', '403 token_malformed'],
  ])(
    'does not look at the cookie where Authorization has %s',
    async ([, authorization, outcome]) => {
      const { send, spawn, reached } = byNameGate()
      const { backendId, token } = await spawn()
      const headers = { authorization, ...cookie(token) }
      expect(await outcomeOf(await send(`${homeOf(backendId)}/`, { headers }))).toBe(outcome)
      expect(reached).toEqual([])
    },
  )

  it('does not look at the cookie where Authorization has a wrong token', async () => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn()
    const headers = { ...bearer('wrong'), ...cookie(token) }
    expect((await send(`${homeOf(backendId)}/`, { headers })).status).toBe(403)
  })

  it('refuses two different cookies', async () => {
    const { send, spawn, reached } = byNameGate()
    const { backendId, token } = await spawn()
    const headers = { cookie: `_plane_auth=${token}; _plane_auth=other` }
    const response = await send(`${homeOf(backendId)}/`, { headers })
    expect(await outcomeOf(response)).toBe('401 credential_ambiguous')
    expect(reached).toEqual([])
  })

  it.for(['_plane_auth', '_Plane_Auth', '__plane_auth', 'x_plane_auth'])(
    'takes an empty cookie, or one of another name, for none: %s',
    async (name) => {
      const { send, spawn } = byNameGate()
      const { backendId, token } = await spawn()
      const value = name === '_plane_auth' ? '' : token
      const headers = { cookie: `${name}=${value}` }
      expect((await send(`${homeOf(backendId)}/`, { headers })).status).toBe(401)
    },
  )

  it('answers 404 for a backend that there is not, readable by every page', async () => {
    const { send } = byNameGate()
    const response = await send(`${homeOf('there-is-none')}/`)
    expect(response.headers.get('access-control-allow-origin')).toBe('*')
    expect(await outcomeOf(response)).toBe('404 route_unknown')
  })

  it('answers 410 for one that has ended, to whoever holds its token', async () => {
    const { send, spawn, application } = byNameGate()
    const { backendId, token } = await spawn()
    await application.terminate(backendId, 'hard')
    const response = await send(`${homeOf(backendId)}/`, { headers: bearer(token) })
    expect(await outcomeOf(response)).toBe('410 backend_gone')
    expect(await outcomeOf(await send(`${homeOf(backendId)}/`))).toBe('401 credential_missing')
  })

  it('refuses a token that was revoked', async () => {
    const { send, spawn, application } = byNameGate()
    const { backendId, token } = await spawn()
    const open = async () =>
      outcomeOf(await send(`${homeOf(backendId)}/`, { headers: bearer(token) }))
    expect(await open()).toBe('200')
    await application.revoke({ backendId })
    expect(await open()).toBe('403 token_revoked')
  })

  it('asks nobody about a token that it remembers, and not for another backend either', async () => {
    const { send, spawn, reached } = byNameGate({ connections: { rememberSeconds: 60 } })
    const [{ backendId, token }, other] = [await spawn(), await spawn()]
    const open = async (name: string) =>
      outcomeOf(await send(`${homeOf(name)}/`, { headers: bearer(token) }))
    expect([await open(backendId), await open(backendId)]).toEqual(['200', '200'])
    expect(await open(other.backendId)).toBe('403 forbidden')
    expect(reached).toHaveLength(1)
  })

  it('counts each use of a token for a number of uses', async () => {
    const { send, spawn } = byNameGate({ connections: { rememberSeconds: 60 } })
    const { backendId, token } = await spawn({ useStaticToken: false }, { maxUses: 2 })
    const outcomes: string[] = []
    for (let use = 0; use < 3; use++) {
      outcomes.push(
        await outcomeOf(await send(`${homeOf(backendId)}/`, { headers: bearer(token) })),
      )
    }
    expect(outcomes).toEqual(['200', '200', '403 token_revoked'])
  })

  it.for<[path: string, outcome: string]>([
    ['/docs/1', '200'],
    ['/docs2', '403 forbidden'],
    ['/', '403 forbidden'],
  ])(
    'holds a token to the path it is for, counted from the backend’s root: %s',
    async ([path, outcome]) => {
      const { send, spawn } = byNameGate()
      const { backendId, token } = await spawn({ useStaticToken: false }, { path: '/docs' })
      const response = await send(homeOf(backendId) + path, { headers: bearer(token) })
      expect(await outcomeOf(response)).toBe(outcome)
    },
  )

  it('says that a backend is still starting, to whoever holds its token', async () => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn({ executable: { image: 'notebook' } })
    const response = await send(`${homeOf(backendId)}/`, { headers: bearer(token) })
    expect(response.headers.get('x-plane-backend-id')).toBe(backendId)
    expect(await outcomeOf(response)).toBe('502 backend_unavailable')
  })

  describe('that is open', () => {
    it('lets everyone in as nobody, whatever cookies they have', async () => {
      const { send, spawn, seen } = byNameGate()
      const { backendId } = await spawn({ isOpen: true })
      const headers = { cookie: 'theme=dark', 'x-verified-username': 'alice' }
      expect((await send(`${homeOf(backendId)}/x`, { headers })).status).toBe(200)
      const told = Object.fromEntries(seen[0]?.headers ?? [])
      expect(told).toMatchObject({ 'x-verified-backend': backendId, 'x-verified-secret': '' })
      expect(told).not.toHaveProperty('x-verified-username')
      expect(told).not.toHaveProperty('x-verified-user-data')
    })

    it.for(['wrong', 'open'])(
      'refuses a wrong token, also as one that is remembered: %s',
      async (text) => {
        const { send, spawn } = byNameGate({ connections: { rememberSeconds: 60 } })
        const { backendId } = await spawn({ isOpen: true })
        expect((await send(`${homeOf(backendId)}/`)).status).toBe(200)
        for (const wrong of [text, backendId]) {
          for (const headers of [bearer(wrong), cookie(wrong)]) {
            const response = await send(`${homeOf(backendId)}/`, { headers })
            expect(await outcomeOf(response)).toBe('403 forbidden')
          }
        }
      },
    )

    it('tells who comes with a connection token', async () => {
      const { send, spawn, seen } = byNameGate()
      const open = { isOpen: true, useStaticToken: false }
      const { backendId, token } = await spawn(open, { user: 'alice' })
      expect((await send(`${homeOf(backendId)}/`, { headers: bearer(token) })).status).toBe(200)
      expect(seen[0]?.headers.get('x-verified-username')).toBe('alice')
    })

    it('is asked about once while it is remembered, and answers 410 when it has ended', async () => {
      const { send, spawn, application, reached } = byNameGate({
        connections: { rememberSeconds: 60 },
      })
      const { backendId } = await spawn({ isOpen: true })
      await send(`${homeOf(backendId)}/`)
      await send(`${homeOf(backendId)}/`)
      expect(reached).toHaveLength(1)
      await application.terminate(backendId, 'hard')
      const forgetful = byNameGate()
      expect(await outcomeOf(await forgetful.send(`${homeOf(backendId)}/`))).toBe(
        '410 backend_gone',
      )
    })
  })

  it('refuses where the objects cannot be asked', async () => {
    const broken = { getByName: () => ({ admit: () => Promise.reject(new Error('a secret')) }) }
    const backends = { ...broken, idFromName: () => undefined } as never
    const { send, spawn } = byNameGate({ connections: { backends } })
    const { backendId, token } = await spawn()
    for (const headers of [bearer(token), {}]) {
      const response = await send(`${homeOf(backendId)}/`, { headers })
      expect(await outcomeOf(response)).toBe('503 store_unavailable')
    }
  })
})
