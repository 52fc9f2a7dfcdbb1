import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { closeOf } from '../fixtures/counted-gate.ts'
import { TOKEN, visitWith } from '../fixtures/token-visit.ts'
import { refusalRules, type RefusalCode } from '../../src/refusal/refusal.ts'

beforeEach(() => void vi.spyOn(console, 'error').mockReturnValue())
afterEach(() => void vi.restoreAllMocks())

const OPEN = {
  'access-control-allow-origin': '*',
  'access-control-allow-methods': '*',
  'access-control-allow-headers': '*, Authorization',
}

async function answerTo(
  surroundings: Parameters<typeof visitWith>[0],
  init: RequestInit = {},
): Promise<Response> {
  const { answer } = await visitWith(surroundings, `/${TOKEN}/x`, init)
  if (answer === undefined) throw new Error('the path was not taken for one with a token')
  return answer.response
}

describe("the backend's answer", () => {
  it.for([{}, { maxIdleSeconds: 60 }])(
    'is opened to pages, named and kept out of Referer: %o',
    async (grant) => {
      const made = { status: 201, statusText: 'Made', headers: { etag: '"1"' } }
      const response = await answerTo({ grant, backend: () => new Response('yes', made) })
      expect([response.status, response.statusText]).toEqual([201, 'Made'])
      expect(Object.fromEntries(response.headers)).toEqual({
        ...OPEN,
        'content-type': 'text/plain;charset=UTF-8',
        etag: '"1"',
        'x-plane-backend-id': 'backend-1',
        'referrer-policy': 'no-referrer',
      })
      expect(await response.text()).toBe('yes')
    },
  )

  it.for(Object.keys(OPEN))('keeps its own rules for pages where it has %s', async (name) => {
    const backend = () => new Response('', { headers: { [name]: 'its-own', vary: 'Origin' } })
    const { headers } = await answerTo({ backend })
    const rules = [...headers].filter(([other]) => other.startsWith('access-control-'))
    expect(rules).toEqual([[name, 'its-own']])
    expect(headers.get('vary')).toBe('Origin')
  })

  it('keeps its own referrer policy, and not its own x-plane-backend-id', async () => {
    const own = { 'referrer-policy': 'origin', 'x-plane-backend-id': 'forged' }
    const { headers } = await answerTo({ backend: () => new Response('', { headers: own }) })
    expect(headers.get('referrer-policy')).toBe('origin')
    expect(headers.get('x-plane-backend-id')).toBe('backend-1')
  })

  it('keeps each of its cookies', async () => {
    const headers = new Headers([
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ])
    for (const grant of [{}, { maxIdleSeconds: 60 }]) {
      const response = await answerTo({ grant, backend: () => new Response('', { headers }) })
      expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2'])
    }
  })

  it('is what answers a preflight', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'PUT' }
    const { answer, seen } = await visitWith({}, `/${TOKEN}/x`, { method: 'OPTIONS', headers })
    expect(seen.map(({ method }) => method)).toEqual(['OPTIONS'])
    expect(await answer?.response.text()).toBe('from the backend')
  })

  it('may be a redirect, which the caller follows', async () => {
    const elsewhere = 'https://elsewhere.example/'
    const response = await answerTo({ backend: () => Response.redirect(elsewhere, 302) })
    expect([response.status, response.headers.get('location')]).toEqual([302, elsewhere])
  })
})

it('answers 502 and names the backend where it cannot be reached', async () => {
  const failure = new Error('postgres://admin:hunter2@db')
  const response = await answerTo({ backend: () => Promise.reject(failure) })
  expect(response.status).toBe(502)
  expect(response.headers.get('x-plane-backend-id')).toBe('backend-1')
  expect(Object.fromEntries(response.headers)).toMatchObject(OPEN)
  expect(await response.json()).toMatchObject({ code: 'backend_unavailable' })
})

function turned(code: RefusalCode, isKnown: boolean) {
  const refusal = { code, detail: `because of ${code}` }
  return { ok: false, turned: { refusal, isKnown, backendId: 'backend-1' } } as const
}

describe('a token that does not open', () => {
  it.for<[code: RefusalCode, status: number]>([
    ['token_malformed', 410],
    ['token_invalid', 410],
    ['token_expired', 410],
    ['token_revoked', 410],
    ['backend_gone', 410],
    ['request_malformed', 400],
    ['forbidden', 403],
    ['origin_refused', 403],
    ['rate_limited', 429],
    ['backend_unavailable', 502],
    ['store_unavailable', 503],
  ])('tells whoever holds it %s with status %i', async ([code, status]) => {
    const response = await answerTo({ admission: turned(code, true) })
    expect(response.status).toBe(status)
    expect(await response.json()).toMatchObject({ status, code, detail: `because of ${code}` })
    expect(Object.fromEntries(response.headers)).toMatchObject({
      ...OPEN,
      'content-type': 'application/problem+json',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    const named = response.headers.get('x-plane-backend-id')
    expect(named).toBe(status === 502 ? 'backend-1' : null)
  })

  it('tells strangers the same, byte for byte, whatever the cause', async () => {
    const told = new Set<string>()
    for (const code of Object.keys(refusalRules) as RefusalCode[]) {
      const response = await answerTo({ admission: turned(code, false) })
      told.add(JSON.stringify([response.status, [...response.headers], await response.text()]))
    }
    expect([...told]).toHaveLength(1)
    expect([...told][0]).toContain('backend_gone')
    expect([...told][0]).not.toContain('because of')
  })

  it.for<[code: RefusalCode, isKnown: boolean, close: number, told: RefusalCode]>([
    ['token_expired', true, 3000, 'token_expired'],
    ['token_revoked', true, 4401, 'token_revoked'],
    ['backend_gone', true, 4410, 'backend_gone'],
    ['origin_refused', true, 4403, 'origin_refused'],
    ['store_unavailable', true, 1013, 'store_unavailable'],
    ['token_expired', false, 4410, 'backend_gone'],
    ['token_invalid', false, 4410, 'backend_gone'],
  ])('closes a page’s socket: %s, known: %s, %i', async ([code, isKnown, close, told]) => {
    const headers = { upgrade: 'websocket', origin: 'https://app.example' }
    const response = await answerTo({ admission: turned(code, isKnown) }, { headers })
    const closed = await closeOf(response)
    expect([closed.code, JSON.parse(closed.reason)]).toEqual([close, { code: told }])
  })

  it('answers the upgrade of other clients with the status', async () => {
    const admission = turned('token_expired', true)
    const headers = { upgrade: 'websocket' }
    expect((await answerTo({ admission }, { headers })).status).toBe(410)
    const page = { ...headers, origin: 'https://app.example' }
    const response = await answerTo({ admission, refusedUpgrades: 'status' }, { headers: page })
    expect(response.status).toBe(410)
  })

  it('reaches no backend', async () => {
    const { seen } = await visitWith({ admission: turned('token_expired', true) }, `/${TOKEN}/x`)
    expect(seen).toEqual([])
  })
})

it('refuses an upgrade that is no GET before anyone is asked', async () => {
  const headers = { upgrade: 'websocket' }
  const { answer, admitted } = await visitWith({}, `/${TOKEN}/x`, { method: 'POST', headers })
  expect(answer?.response.status).toBe(400)
  expect(admitted).toEqual([])
})
