import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { closeOf, codeOf, countedGate } from '../fixtures/counted-gate.ts'
import type { GateOptions, Hook, RoomLobby } from '../../src/portico.ts'
import { mintToken } from '../support/mint-token.ts'

type RoomHook = Hook<RoomLobby<Cloudflare.Env>>

const SECRET_TEXT = 'postgres://admin:hunter2@db'

let log: MockInstance<typeof console.error>

beforeEach(() => {
  log = vi.spyOn(console, 'error').mockReturnValue()
})

afterEach(() => log.mockRestore())

async function connect(
  onBeforeConnect: RoomHook,
  headers: Record<string, string>,
  refusedUpgrades: GateOptions['refusedUpgrades'] = 'auto',
): Promise<Response> {
  const { send } = countedGate({ onBeforeConnect }, { refusedUpgrades })
  const authorization = await mintToken()
  return send('/party/x', { headers: { ...headers, authorization, upgrade: 'websocket' } })
}

const closedToday: RoomHook = () =>
  new Response('closed today', { status: 451, headers: { 'x-why': 'law' } })

const BROWSER = { origin: 'https://app.example' }

describe("a hook's answer to a browser's upgrade", () => {
  it.for<[string, RoomHook, number, string]>([
    ['200', () => new Response(SECRET_TEXT), 4403, 'hook_refused'],
    ['302', () => Response.redirect('https://a.example/'), 4403, 'hook_refused'],
    ['401', () => new Response(SECRET_TEXT, { status: 401 }), 4403, 'hook_refused'],
    ['429', () => new Response(null, { status: 429 }), 4403, 'hook_refused'],
    ['500', () => new Response(SECRET_TEXT, { status: 500 }), 1013, 'hook_failed'],
    ['503', () => new Response(null, { status: 503 }), 1013, 'hook_failed'],
    ['an error', () => Promise.reject(new Error(SECRET_TEXT)), 1013, 'hook_failed'],
  ])('becomes a close that the page can read: %s', async ([, hook, code, reason]) => {
    const response = await connect(hook, BROWSER)
    expect(response.status).toBe(101)
    const close = await closeOf(response)
    expect([close.code, close.reason]).toEqual([code, JSON.stringify({ code: reason })])
  })

  it('stays as it is for any other client', async () => {
    for (const response of [
      await connect(closedToday, {}),
      await connect(closedToday, BROWSER, 'status'),
    ]) {
      expect(response.status).toBe(451)
      expect(response.headers.get('x-why')).toBe('law')
      expect(await response.text()).toBe('closed today')
    }
  })

  it("is the application's protocol beside the close, where it offered some", async () => {
    const response = await connect(() => new Response(null, { status: 401 }), {
      ...BROWSER,
      'sec-websocket-protocol': 'app.v1, app.v2',
    })
    expect(response.headers.get('sec-websocket-protocol')).toBe('app.v1')
  })

  it('goes through where it is a socket', async () => {
    const response = await connect(() => {
      const { 0: client, 1: server } = new WebSocketPair()
      server.accept()
      server.close(4999, 'from the hook')
      const headers = { 'sec-websocket-protocol': 'app.v9' }
      return new Response(null, { status: 101, webSocket: client, headers })
    }, BROWSER)
    expect(response.headers.get('sec-websocket-protocol')).toBe('app.v9')
    const close = await closeOf(response)
    expect([close.code, close.reason]).toEqual([4999, 'from the hook'])
  })
})

describe('what a hook throws', () => {
  it.for<[string, unknown]>([
    ['an error', new Error(SECRET_TEXT, { cause: new Error(SECRET_TEXT) })],
    ['an error with a talkative name', Object.assign(new RangeError(SECRET_TEXT), { code: 1 })],
    ['a text', SECRET_TEXT],
    ['a response', new Response(SECRET_TEXT)],
    ['an object', { message: SECRET_TEXT, stack: SECRET_TEXT }],
  ])('reaches neither the caller nor the log: %s', async ([, thrown]) => {
    const fail: RoomHook = () => {
      throw thrown
    }
    const { send } = countedGate({ onBeforeRequest: fail, onBeforeConnect: fail })
    const token = await mintToken()
    const headers = { authorization: `Bearer ${token}` }
    const request = await send(`/party/x?token=${token}`, { headers })
    const body = await request.clone().text()
    expect([request.status, await codeOf(request)]).toEqual([500, 'hook_failed'])
    const upgrade = { ...headers, ...BROWSER, upgrade: 'websocket' }
    const close = await closeOf(await send(`/party/x?token=${token}`, { headers: upgrade }))

    const lines = log.mock.calls.map((values) => values.join(' '))
    expect(lines).toHaveLength(2)
    const told = [
      body,
      close.reason,
      ...lines,
      ...Object.values(Object.fromEntries(request.headers)),
    ]
    for (const secret of [SECRET_TEXT, token, '.ts:', '    at ']) {
      expect(told.filter((text) => text.includes(secret))).toEqual([])
    }
  })
})
