import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import type { Seen } from '../fixtures/echo-room.ts'
import { createGate, type Hook, type RoomLobby } from '../../src/portico.ts'
import { mintToken } from '../support/mint-token.ts'

type RoomHook = Hook<RoomLobby<Cloudflare.Env>>

async function seenAfter(
  onBeforeRequest: RoomHook,
  init: RequestInit = {},
): Promise<{ seen: Seen; reached: readonly string[] }> {
  const { send, reached } = countedGate({ auth: 'optional', onBeforeRequest })
  const response = await send('/party/x/deep?a=1', init)
  expect(response.status).toBe(200)
  return { seen: await response.json<Seen>(), reached }
}

async function withToken(headers: Record<string, string> = {}): Promise<RequestInit> {
  return { headers: { ...headers, authorization: await mintToken() } }
}

const forge: RoomHook = (request) => {
  request.headers.set('x-verified-subject', 'mallory')
  request.headers.set('X_Verified_Username', 'mallory')
  request.headers.set('x-verified-secret', 'mallory')
  return request
}

it('hands a redirect of the room to the client, also after a new request of a hook', async () => {
  // A request that is made from a URL alone says that redirects are to be followed.
  const { send, reached } = countedGate({
    auth: 'hook',
    onBeforeRequest: ({ url }) => new Request(url),
  })
  const response = await send('/party/x/moved', { redirect: 'manual' })
  expect(response.status).toBe(302)
  expect(reached).toHaveLength(1)
})

describe("a hook's edits of the headers", () => {
  it.for<[string, RoomHook]>([
    ['nothing', (request) => request.headers.set('x-user-id', 'alice')],
    [
      'the same request',
      (request) => {
        request.headers.set('x-user-id', 'alice')
        return request
      },
    ],
    [
      'a copy',
      (request) => {
        request.headers.set('x-user-id', 'alice')
        return new Request(request)
      },
    ],
  ])('reach the room when it returns %s', async ([, hook]) => {
    const { seen } = await seenAfter(hook, { headers: { 'x-user-id': 'mallory' } })
    expect(seen.headers['x-user-id']).toBe('alice')
  })

  it('never change the request that the Worker received', async () => {
    const gate = createGate({
      rooms: {
        main: {
          binding: 'ECHO_ROOM',
          auth: 'hook',
          onBeforeRequest(request) {
            request.headers.set('x-user-id', 'alice')
            return request
          },
        },
      },
    })
    const request = new Request(`${ORIGIN}/party/x`, { headers: { 'x-user-id': 'mallory' } })
    const response = await gate.fetch(request, env, createExecutionContext())
    expect((await response.json<Seen>()).headers['x-user-id']).toBe('alice')
    expect(request.headers.get('x-user-id')).toBe('mallory')
  })

  it('are gone with the request where a new one is returned', async () => {
    const { seen } = await seenAfter(
      ({ url }) => new Request(url, { headers: { 'x-mine': 'yes' } }),
      { headers: { 'x-theirs': 'yes' } },
    )
    expect(seen.headers).toMatchObject({ 'x-mine': 'yes' })
    expect(seen.headers).not.toHaveProperty('x-theirs')
  })

  it('set no identity: the verified one stands', async () => {
    const { seen } = await seenAfter(forge, await withToken())
    expect(seen.headers).toMatchObject({
      'x-verified-subject': 'alice',
      'x-verified-username': 'alice',
    })
    expect(JSON.stringify(seen.headers)).not.toContain('mallory')
  })

  it('set no identity where nobody was verified', async () => {
    const { seen } = await seenAfter(
      ({ url }) => new Request(url, { headers: { 'x-verified-subject': 'mallory' } }),
    )
    expect(Object.keys(seen.headers).filter((name) => name.startsWith('x-verified'))).toEqual([])
  })

  it('do not bring the credential back', async () => {
    const token = await mintToken()
    const { seen } = await seenAfter(
      ({ url }) =>
        new Request(`${url}&token=${token}`, {
          headers: { authorization: `Bearer ${token}`, cookie: `__session=${token}; theme=dark` },
        }),
    )
    expect(JSON.stringify(seen)).not.toContain(token)
    expect(seen.headers).toMatchObject({ cookie: 'theme=dark' })
  })
})

describe("a hook's edit of the URL", () => {
  it.for([
    ['/party/other/elsewhere?b=2', '/party/other/elsewhere?b=2'],
    ['/parties/echo/other', '/parties/echo/other'],
    ['/anything', '/anything'],
    ['/anything?token=x&c=3', '/anything?c=3'],
  ])('changes what the room sees, and never which room it is: %s', async ([url, expected]) => {
    const { seen, reached } = await seenAfter((request) => new Request(ORIGIN + url, request))
    expect(seen.url).toBe(ORIGIN + expected)
    expect(reached).toEqual(['x'])
  })

  it('keeps the origin that the gate was asked at', async () => {
    const { seen } = await seenAfter(
      (request) => new Request('https://evil.example/party/x', request),
    )
    expect(seen.url).toBe(`${ORIGIN}/party/x`)
  })
})

describe("a hook's request", () => {
  it('may have another method', async () => {
    const { seen } = await seenAfter(({ url }) => new Request(url, { method: 'PUT', body: 'new' }))
    expect(seen).toMatchObject({ method: 'PUT', body: 'new' })
  })

  it.for<[string, RoomHook]>([
    ['reads it', async (request) => void (await request.text())],
    ['reads a clone', async (request) => void (await request.clone().text())],
    ['leaves it alone', () => undefined],
  ])('keeps the body for the room when the hook %s', async ([, hook]) => {
    const { seen } = await seenAfter(hook, { method: 'POST', body: 'the body' })
    expect(seen).toMatchObject({ method: 'POST', body: 'the body' })
  })

  it('stays a socket when the hook returns one without the upgrade', async () => {
    const { send, reached } = countedGate({
      onBeforeConnect: ({ url }) => new Request(url, { headers: { 'x-user-id': 'alice' } }),
    })
    const response = await send('/party/x', await withToken({ upgrade: 'websocket' }))
    expect(response.status).toBe(101)
    const { webSocket } = response
    const seen = await new Promise<Seen>((resolve) => {
      webSocket?.addEventListener('message', ({ data }) => {
        if (typeof data === 'string') resolve(JSON.parse(data) as Seen)
      })
      webSocket?.accept()
    })
    webSocket?.close()
    expect(seen.headers).toMatchObject({ upgrade: 'websocket', 'x-user-id': 'alice' })
    expect(reached).toEqual(['x'])
  })

  it('cannot become a socket that no connect hook saw', async () => {
    const { seen } = await seenAfter(
      ({ url }) => new Request(url, { headers: { upgrade: 'websocket' } }),
    )
    expect(seen.headers).not.toHaveProperty('upgrade')
  })
})

it('lets each hook see what the hook before it made of the request', async () => {
  const { send } = countedGate(
    {
      onBeforeRequest: (request) =>
        request.headers.append('x-order', `party saw ${request.headers.get('x-order')}`),
    },
    { onBeforeRequest: (request) => request.headers.append('x-order', 'gate') },
  )
  const response = await send('/party/x', await withToken())
  const { headers } = await response.json<Seen>()
  expect(headers['x-order']).toBe('gate, party saw gate')
})
