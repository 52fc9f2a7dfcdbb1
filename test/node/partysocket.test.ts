import { on, once } from 'node:events'
import { PartySocket, type PartySocketOptions } from 'partysocket'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { BrowserSocket } from '../support/browser-socket.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveParties, type ServedParties } from '../support/serve-parties.ts'

const OTHER_SECRET = new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes')

let worker: ServedParties
const opened: PartySocket[] = []

beforeAll(async () => {
  worker = await serveParties()
})

afterEach(() => {
  for (const socket of opened.splice(0)) socket.close()
})

afterAll(() => worker.stop())

/** The client as it is published; only what it has for a `WebSocket` is ours, as Node users do it. */
function open(options: Omit<PartySocketOptions, 'host'>): PartySocket {
  const socket = new PartySocket({
    host: worker.host,
    party: 'echo',
    WebSocket: BrowserSocket,
    minReconnectionDelay: 1,
    ...options,
  })
  opened.push(socket)
  return socket
}

/** The messages of a socket in turn, from now on. */
function inbox(socket: PartySocket): () => Promise<string> {
  const events = on(socket as unknown as EventTarget, 'message')
  return async () => {
    const { value } = (await events.next()) as IteratorResult<[MessageEvent<string>]>
    return value[0].data
  }
}

async function closing(socket: PartySocket): Promise<{ code: number; reason: string }> {
  const [event] = (await once(socket as unknown as EventTarget, 'close')) as [CloseEvent]
  return { code: event.code, reason: event.reason }
}

function tampered(token: string): string {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
  return [header, payload, changed].join('.')
}

describe('PartySocket with a valid token', () => {
  it('is let in, and the room answers with the verified name', async () => {
    const token = await mintToken({ sub: 'alice' })
    const socket = open({ room: 'lobby', query: { token } })
    const next = inbox(socket)
    const greeting = JSON.parse(await next()) as { room: string; url: string; headers: object }
    expect(greeting).toMatchObject({ username: 'alice', room: 'lobby' })
    expect(greeting.headers).toMatchObject({ 'x-verified-subject': 'alice' })
    expect(greeting.url).toBe(`${worker.origin}/parties/echo/lobby?_pk=${socket.id}`)
    expect(JSON.stringify(greeting)).not.toContain(token)
    socket.send('hello')
    expect(await next()).toBe('alice: hello')
  })

  it('reaches one room, whether its name was encoded or not', async () => {
    const token = await mintToken()
    const greeting = await inbox(open({ room: 'caf%C3%A9', query: { token } }))()
    expect(JSON.parse(greeting)).toMatchObject({ room: 'café' })
  })

  it('talks to a room that hibernates', async () => {
    const socket = open({
      party: 'hibernating',
      room: 'sleepy',
      query: { token: await mintToken() },
    })
    const next = inbox(socket)
    expect(JSON.parse(await next())).toMatchObject({ username: 'alice', room: 'sleepy' })
    socket.send('hello')
    expect(await next()).toBe('alice: hello')
  })
})

const stop = () => false

describe('PartySocket with a refused token', () => {
  const refused: readonly [string, () => Promise<string | undefined>, number, string][] = [
    ['missing', async () => undefined, 4401, 'credential_missing'],
    ['of another secret', () => mintToken({}, { key: OTHER_SECRET }), 4401, 'token_invalid'],
    ['expired', () => mintToken({ exp: 1_000_000_000 }), 3000, 'token_expired'],
    ['tampered', async () => tampered(await mintToken()), 4401, 'token_invalid'],
    ['malformed', async () => 'not-a-token', 4401, 'token_malformed'],
  ]
  it.for(refused)('%s, is closed and wakes no room', async ([name, mint, code, reason]) => {
    const room = `refused-${name}`
    const token = await mint()
    const socket = open({ room, query: { token }, shouldReconnectOnClose: stop })
    expect(await closing(socket)).toEqual({ code, reason: JSON.stringify({ code: reason }) })
    expect(await worker.woken()).not.toContain(room)
    expect(worker.logs()).toBe('')
  })

  it('stays away where its predicate stops at 4401', async () => {
    let queries = 0
    const socket = open({
      room: 'stop',
      query: async () => {
        queries += 1
        return { token: await mintToken({}, { key: OTHER_SECRET }) }
      },
      shouldReconnectOnClose: ({ code }) => code !== 4401,
    })
    expect(await closing(socket)).toMatchObject({ code: 4401 })
    expect(socket.shouldReconnect).toBe(false)
    expect(queries).toBe(1)
  })
})

describe('PartySocket that reconnects', () => {
  it('fetches a fresh token after the room closed the socket', async () => {
    const names = ['first', 'second']
    const socket = open({
      room: 'kicked',
      query: async () => ({ token: await mintToken({ sub: names.shift() ?? 'too many' }) }),
    })
    const next = inbox(socket)
    expect(JSON.parse(await next())).toMatchObject({ username: 'first' })

    const closed = closing(socket)
    const kick = await fetch(`${worker.origin}/parties/echo/kicked`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${await mintToken()}` },
    })
    expect(kick.status).toBe(204)
    expect(await closed).toEqual({ code: 1012, reason: 'restart' })

    expect(JSON.parse(await next())).toMatchObject({ username: 'second' })
    socket.send('back')
    expect(await next()).toBe('second: back')
    expect(names).toEqual([])
  })

  it('comes back with a fresh token after an expired one', async () => {
    const expiries = [1_000_000_000]
    const socket = open({
      room: 'expired',
      query: async () => {
        const exp = expiries.shift()
        return { token: await mintToken(exp === undefined ? {} : { exp }) }
      },
      // As clients do that take every code from 4000 on as final.
      shouldReconnectOnClose: ({ code }) => code < 4000,
    })
    const next = inbox(socket)
    expect(await closing(socket)).toEqual({ code: 3000, reason: '{"code":"token_expired"}' })
    expect(JSON.parse(await next())).toMatchObject({ username: 'alice' })
    expect(expiries).toEqual([])
  })
})

describe('PartySocket that carries the token as a subprotocol', () => {
  it.for(['echo', 'hibernating'])(
    'gets its own subprotocol echoed by a room that selects none: %s',
    async (party) => {
      const token = await mintToken()
      const socket = open({ party, room: 'p', protocols: [`portico.bearer.${token}`, 'app.v1'] })
      const next = inbox(socket)
      const greeting = await next()
      expect(socket.protocol).toBe('app.v1')
      expect(greeting).not.toContain(token)
      expect(JSON.parse(greeting)).toMatchObject({
        username: 'alice',
        headers: { 'sec-websocket-protocol': 'app.v1' },
      })
      socket.send('hello')
      expect(await next()).toBe('alice: hello')
    },
  )

  it('gets the subprotocol that a room selects itself', async () => {
    const protocols = ['app.v1', `portico.bearer.${await mintToken()}`, 'app.v2']
    const socket = open({ party: 'selecting', room: 'p', protocols })
    expect(await inbox(socket)()).toBe('app.v1, app.v2')
    expect(socket.protocol).toBe('app.v2')
  })

  it('is closed with the code of the refusal, for the application protocol is echoed', async () => {
    const token = await mintToken({}, { key: OTHER_SECRET })
    const protocols = [`portico.bearer.${token}`, 'app.v1']
    const socket = open({ room: 'p2', protocols, shouldReconnectOnClose: stop })
    expect(await closing(socket)).toEqual({ code: 4401, reason: '{"code":"token_invalid"}' })
    expect(await worker.woken()).not.toContain('p2')
  })
})
