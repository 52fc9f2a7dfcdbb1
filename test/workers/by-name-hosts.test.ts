import { describe, expect, it } from 'vitest'
import { bearer, byNameGate, cookie, DOMAIN, GATE, outcomeOf } from '../fixtures/by-name-gate.ts'
import { mintToken } from '../support/mint-token.ts'

const at = (label: string, path: string) => `http://${label}.${DOMAIN}${path}`

describe('the host of a backend', () => {
  it.for<[domain: string, urlOf: (backendId: string) => string, isThere: boolean]>([
    ['localhost:8787', (id) => `http://${id}.localhost:8787`, true],
    ['LOCALHOST:8787', (id) => `http://${id}.localhost:8787`, true],
    ['localhost:8787', (id) => `http://${id.toUpperCase()}.LocalHost:8787`, true],
    ['localhost:8787', (id) => `http://${id}.localhost.:8787`, true],
    ['localhost:8787', (id) => `http://${id}.localhost`, false],
    ['localhost:8787', (id) => `http://${id}.localhost:8788`, false],
    ['localhost:8787', (id) => `http://${id}.otherlocalhost:8787`, false],
    ['localhost:8787', (id) => `http://${id}.localhost.example:8787`, false],
    ['localhost:8787', () => 'http://localhost:8787', false],
    ['b.example', (id) => `https://${id}.b.example`, true],
    ['b.example', (id) => `https://${id}.b.example:8443`, true],
    ['b.example', (id) => `http://${id}.b.example`, true],
    ['b.example:443', (id) => `https://${id}.b.example`, true],
    ['b.example:443', (id) => `http://${id}.b.example`, false],
    ['b.example:80', (id) => `http://${id}.b.example`, true],
    ['b.example:8443', (id) => `https://${id}.b.example`, false],
  ])('below %s', async ([backendDomain, urlOf, isThere]) => {
    const { send, spawn } = byNameGate({ connections: { backendDomain } })
    const { backendId, token } = await spawn()
    const response = await send(`${urlOf(backendId)}/x`, { headers: bearer(token) })
    expect(response.status).toBe(isThere ? 200 : 404)
  })

  it('is one of the gate where backends have another domain', async () => {
    const { send } = byNameGate({ connections: { backendDomain: 'other.example' } })
    expect((await send(`http://x.${DOMAIN}/_portico/health`)).status).toBe(200)
  })

  it.for(['a.b', '', 'under_score', 'x'.repeat(46)])(
    'answers 400 for what is no name, and reaches no object: "%s"',
    async (label) => {
      const { send, reached } = byNameGate()
      const response = await send(at(label, '/'))
      expect(await outcomeOf(response)).toBe('400 request_malformed')
      expect(reached).toEqual([])
    },
  )

  it.for(['', 'Upper', 'under_score', 'x'.repeat(46), 'a%2Fb', '%C3%A9'])(
    'answers 400 for what is no name in the path either: "%s"',
    async (name) => {
      const { send, reached } = byNameGate()
      const response = await send(`${GATE}/backends/${name}/x`, { headers: bearer('x') })
      expect(response.status).toBe(400)
      expect(reached).toEqual([])
    },
  )

  it('takes a name in the path however it is encoded', async () => {
    const { send, spawn, seen } = byNameGate()
    const { token } = await spawn({ id: 'encoded-name' })
    const response = await send(`${GATE}/backends/%65ncoded-name/x`, { headers: bearer(token) })
    expect(response.status).toBe(200)
    expect(seen[0]?.headers.get('x-forwarded-prefix')).toBe('/backends/%65ncoded-name')
  })

  it.for([
    '/',
    '/_portico/health',
    '/_portico/api',
    '/_portico/openapi.json',
    '/_portico/tickets',
    '/_portico/spawner',
    '/ctrl/connect',
    '/pub/b/x/status',
    '/v2/backend/x/status',
    '/auth',
    '/parties/main/room',
    '/party/room',
    '/backends/listed/x',
    '/.well-known/jwks.json',
  ])('has nothing of the gate at %s, but for the backend', async (path) => {
    const rootRedirectUrl = 'https://app.example/'
    const { send, spawn, seen } = byNameGate({ connections: { rootRedirectUrl } })
    const { backendId, token } = await spawn()
    const url = at(backendId, path)
    for (const method of ['GET', 'POST']) {
      expect((await send(url, { method })).status).toBe(401)
      expect((await send(url, { method, headers: bearer(token) })).status).toBe(200)
    }
    expect(seen.map((request) => new URL(request.url).pathname)).toEqual([path, path])
    expect(seen[0]?.headers.has('x-forwarded-prefix')).toBe(false)
  })

  it.for(['/a%5cb', '/%zz', '/a%00', '/a/..%2fb'])(
    'refuses a path that can be read in two ways: %s',
    async (path) => {
      const { send, spawn, reached } = byNameGate()
      const { backendId, token } = await spawn()
      const url = at(backendId, path)
      expect(await outcomeOf(await send(url, { headers: bearer(token) }))).toBe(
        '400 request_malformed',
      )
      expect(reached).toEqual([])
    },
  )
})

describe('a backend of the configuration', () => {
  it('comes before a session backend of its name, on both its places', async () => {
    const { send, spawn, seen, reached } = byNameGate()
    const { token } = await spawn({ id: 'listed' })
    const jwt = await mintToken({ sub: 'alice' })
    for (const home of [`${GATE}/backends/listed`, `http://listed.${DOMAIN}`]) {
      expect(await outcomeOf(await send(`${home}/x`))).toBe('401 credential_missing')
      expect((await send(`${home}/x`, { headers: bearer(token) })).status).toBe(401)
      expect((await send(`${home}/x`, { headers: cookie(token) })).status).toBe(401)
      expect((await send(`${home}/x`, { headers: bearer(jwt) })).status).toBe(200)
    }
    expect(
      seen.map(({ url, headers }) => [new URL(url).pathname, headers.get('x-verified-subject')]),
    ).toEqual([
      ['/x', 'alice'],
      ['/x', 'alice'],
    ])
    expect(seen.map(({ headers }) => headers.get('x-forwarded-prefix'))).toEqual([
      '/backends/listed',
      null,
    ])
    expect(reached).toEqual([])
  })
})

describe('a token in the path, on the host of a backend', () => {
  it('leads to that backend, and goes no further than it', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn({ useStaticToken: false })
    expect((await send(at(backendId, `/${token}/x`))).status).toBe(200)
    expect(new URL(seen[0]?.url ?? '').pathname).toBe('/x')
  })

  it('leads to the backend whose subdomain it is', async () => {
    const { send, spawn } = byNameGate()
    const { token } = await spawn({ subdomain: 'team-1', cluster: DOMAIN })
    expect((await send(at('team-1', `/${token}/x`))).status).toBe(200)
    expect((await send(at('team-2', `/${token}/x`))).status).toBe(403)
  })

  it.for([undefined, DOMAIN])(
    'does not put a page of another backend on it, with the cluster %s',
    async (cluster) => {
      const { send, spawn, seen } = byNameGate()
      const victim = await spawn()
      for (const useStaticToken of [true, false]) {
        const attacker = await spawn({ cluster, useStaticToken })
        const url = at(victim.backendId, `/${attacker.token}/x`)
        const response = await send(url, { headers: cookie(victim.token) })
        expect(await outcomeOf(response)).toBe('403 forbidden')
      }
      expect(seen).toEqual([])
    },
  )

  it('is never told to a backend along with the cookie of another', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn({ useStaticToken: false })
    const headers = { cookie: `a=1; _plane_auth=${token}; b=2` }
    await send(at(backendId, `/${token}/x`), { headers })
    await send(`${GATE}/${token}/x`, { headers })
    expect(seen.map((request) => request.headers.get('cookie'))).toEqual(['a=1; b=2', 'a=1; b=2'])
  })

  it.for([16, 40, 71, 73])('is a path of the backend with %i characters', async (length) => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn()
    const path = `/${'x'.repeat(length)}/y`
    expect((await send(at(backendId, path), { headers: bearer(token) })).status).toBe(200)
    expect(new URL(seen[0]?.url ?? '').pathname).toBe(path)
  })
})
