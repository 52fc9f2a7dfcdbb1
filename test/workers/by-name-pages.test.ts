import { describe, expect, it } from 'vitest'
import { bearer, byNameGate, cookie, DOMAIN, FORMS } from '../fixtures/by-name-gate.ts'

const FOREIGN = 'https://evil.example'
const ALLOWED = 'https://app.example'
const cors = { origins: [ALLOWED] }

/** What a page is told about reading an answer. */
function sharing({ headers }: Response) {
  return ['origin', 'credentials'].map((what) => headers.get(`access-control-allow-${what}`))
}

describe.for(FORMS)('what pages may read of a backend by %s', ([, homeOf]) => {
  it.for<
    [
      what: string,
      origin: string,
      headersOf: (token: string) => Record<string, string>,
      status: number,
      told: readonly (string | null)[],
    ]
  >([
    ['a header', FOREIGN, (t) => bearer(t), 200, ['*', null]],
    ['a header', ALLOWED, (t) => bearer(t), 200, [ALLOWED, 'true']],
    ['the cookie', FOREIGN, (t) => cookie(t), 200, [null, null]],
    ['the cookie', ALLOWED, (t) => cookie(t), 200, [ALLOWED, 'true']],
    ['nothing', FOREIGN, () => ({}), 401, ['*', null]],
    ['nothing', ALLOWED, () => ({}), 401, [ALLOWED, 'true']],
    ['a wrong header', FOREIGN, () => bearer('wrong'), 403, ['*', null]],
    ['a wrong cookie', FOREIGN, () => cookie('wrong'), 403, [null, null]],
  ])('with %s from %s', async ([, origin, headersOf, status, told]) => {
    const { send, spawn } = byNameGate({ options: { cors } })
    const { backendId, token } = await spawn()
    const headers = { origin, ...headersOf(token) }
    const response = await send(`${homeOf(backendId)}/`, { headers })
    expect(response.status).toBe(status)
    expect(sharing(response)).toEqual(told)
    expect(response.headers.get('vary')).toContain('Origin')
  })

  it('is what the backend says, where it says anything', async () => {
    const own = { 'access-control-allow-origin': 'https://third.example' }
    const { send, spawn } = byNameGate({ backend: () => new Response(null, { headers: own }) })
    const { backendId, token } = await spawn()
    for (const headers of [bearer(token), cookie(token)]) {
      const response = await send(`${homeOf(backendId)}/`, { headers })
      expect(sharing(response)).toEqual(['https://third.example', null])
      expect(response.headers.has('access-control-allow-methods')).toBe(false)
    }
  })

  it.for<[origin: string, told: readonly (string | null)[]]>([
    [FOREIGN, ['*', null]],
    [ALLOWED, [ALLOWED, 'true']],
  ])('answers the preflight of %s itself, and reaches no object for it', async ([origin, told]) => {
    const { send, spawn, reached, seen } = byNameGate({ options: { cors } })
    const { backendId } = await spawn()
    const asks = { 'access-control-request-method': 'PUT', origin }
    const response = await send(`${homeOf(backendId)}/x`, { method: 'OPTIONS', headers: asks })
    expect(response.status).toBe(204)
    expect(sharing(response)).toEqual(told)
    expect(response.headers.get('access-control-allow-headers')).toMatch(/authorization/i)
    expect([reached, seen]).toEqual([[], []])
  })

  it('hands on an OPTIONS that is no preflight', async () => {
    const { send, spawn, seen } = byNameGate()
    const { backendId, token } = await spawn()
    await send(`${homeOf(backendId)}/`, { method: 'OPTIONS', headers: bearer(token) })
    expect(seen[0]?.method).toBe('OPTIONS')
  })
})

const UPGRADE = { upgrade: 'websocket' }

describe.for(FORMS)('a cookie, at a backend by %s', ([, homeOf]) => {
  const own = (backendId: string) => new URL(homeOf(backendId)).origin

  it.for<
    [
      what: string,
      init: { readonly method?: string; readonly headers?: Record<string, string> },
      originOf: (own: string) => string | undefined,
      status: number,
    ]
  >([
    ['opens a socket from the backend’s page', { headers: UPGRADE }, (origin) => origin, 101],
    ['opens a socket from an allowed page', { headers: UPGRADE }, () => ALLOWED, 101],
    ['opens no socket from a foreign page', { headers: UPGRADE }, () => FOREIGN, 403],
    ['opens no socket from a sibling', { headers: UPGRADE }, () => `http://evil.${DOMAIN}`, 403],
    ['opens no socket from a frame without an origin', { headers: UPGRADE }, () => 'null', 403],
    ['opens no socket without an Origin', { headers: UPGRADE }, () => undefined, 403],
    ['posts from the backend’s page', { method: 'POST' }, (origin) => origin, 200],
    ['posts from an allowed page', { method: 'POST' }, () => ALLOWED, 200],
    ['posts nothing from a foreign page', { method: 'POST' }, () => FOREIGN, 403],
    ['deletes nothing from a foreign page', { method: 'DELETE' }, () => FOREIGN, 403],
    ['posts nothing without an Origin', { method: 'POST' }, () => undefined, 403],
    ['gets from a foreign page, which cannot read it', {}, () => FOREIGN, 200],
    ['gets without an Origin', {}, () => undefined, 200],
  ])('%s', async ([, { method = 'GET', headers = {} }, originOf, status]) => {
    const { send, spawn, seen, reached } = byNameGate({
      options: { cors, refusedUpgrades: 'status' },
    })
    const { backendId, token } = await spawn()
    const origin = originOf(own(backendId))
    const sent = { ...headers, ...cookie(token), ...(origin !== undefined && { origin }) }
    const response = await send(`${homeOf(backendId)}/x`, { method, headers: sent })
    response.webSocket?.accept()
    response.webSocket?.close()
    expect(response.status).toBe(status)
    expect(seen).toHaveLength(status === 403 ? 0 : 1)
    expect(reached).toHaveLength(status === 403 ? 0 : 1)
  })

  it('is needed from no page that brings the token itself', async () => {
    const { send, spawn } = byNameGate()
    const { backendId, token } = await spawn()
    const headers = { ...bearer(token), origin: FOREIGN }
    const posted = await send(`${homeOf(backendId)}/`, { method: 'POST', headers })
    const opened = await send(`${homeOf(backendId)}/`, { headers: { ...headers, ...UPGRADE } })
    opened.webSocket?.accept()
    opened.webSocket?.close()
    expect([posted.status, opened.status]).toEqual([200, 101])
  })
})
