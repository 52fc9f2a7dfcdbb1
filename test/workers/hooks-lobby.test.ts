import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import { EchoRoom } from '../fixtures/echo-room.ts'
import { countedGate, ORIGIN } from '../fixtures/counted-gate.ts'
import {
  createGate,
  jwt,
  type Hook,
  type Identity,
  type Lobby,
  type RoomLobby,
} from '../../src/portico.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'

type RoomHook = Hook<RoomLobby<Cloudflare.Env>>

describe('the lobby', () => {
  it('tells the party, the class, the room, the environment and who was verified', async () => {
    const lobbies: RoomLobby<Cloudflare.Env>[] = []
    const { send } = countedGate({ onBeforeRequest: (_, lobby) => void lobbies.push(lobby) })
    const claims = { sub: 'alice', jti: 'token-1', sid: 'session-1', role: 'admin' }
    const authorization = await mintToken(claims)
    await send('/party/caf%C3%A9%20%2F/deep', { headers: { authorization } })
    const [lobby] = lobbies
    expect(lobby).toMatchObject({ party: 'main', className: 'main', room: 'café /' })
    expect(lobby?.env).toBe(env)
    expect(lobby?.identity).toMatchObject({
      issuer: ISSUER,
      subject: 'alice',
      username: 'alice',
      session: 'session-1',
      tokenId: 'token-1',
      claims: { ...claims, iss: ISSUER, aud: AUDIENCE },
      userData: { role: 'admin' },
    })
    expect(lobby?.identity?.expiresAt).toBe(lobby?.identity?.claims['exp'])
  })

  it.for([
    ['optional', {}],
    ['hook', { authorization: 'whatever' }],
  ] as const)(
    'has no identity where nobody was verified: auth %s',
    async ([auth, headers], { expect: check }) => {
      const identities: unknown[] = []
      const hook: RoomHook = (request, { identity }) => {
        identities.push(identity)
        return request
      }
      const { send } = countedGate({ auth, onBeforeRequest: hook })
      check((await send('/party/x', { headers })).status).toBe(200)
      check(identities).toEqual([undefined])
    },
  )

  it("names the class by the room's server, else by the binding", async () => {
    class ChatRoom extends EchoRoom {
      static names: string[] = []
      static onBeforeRequest(_: Request, { className }: RoomLobby<Cloudflare.Env>): void {
        // As PartyKit calls it: `this` is the class.
        this.names.push(className)
      }
    }
    const gate = createGate({
      verify: jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET }),
      rooms: {
        served: { binding: 'ECHO_ROOM', server: ChatRoom },
        bound: {
          binding: 'ECHO_ROOM',
          onBeforeRequest: (_, { className }) => void ChatRoom.names.push(className),
        },
      },
    })
    const headers = { authorization: await mintToken() }
    for (const party of ['served', 'bound']) {
      const request = new Request(`${ORIGIN}/parties/${party}/x`, { headers })
      expect((await gate.fetch(request, env, createExecutionContext())).status).toBe(200)
    }
    expect(ChatRoom.names).toEqual(['ChatRoom', 'ECHO_ROOM'])
  })

  it('keeps work alive that a hook hands to waitUntil', async () => {
    let isDone = false
    const { promise, resolve } = Promise.withResolvers<void>()
    const gate = createGate({
      rooms: {
        main: {
          binding: 'ECHO_ROOM',
          auth: 'hook',
          onBeforeRequest(request, { ctx }) {
            ctx.waitUntil(promise.then(() => (isDone = true)))
            return request
          },
        },
      },
    })
    const context = createExecutionContext()
    const response = await gate.fetch(new Request(`${ORIGIN}/party/x`), env, context)
    expect([response.status, isDone]).toEqual([200, false])
    resolve()
    await waitOnExecutionContext(context)
    expect(isDone).toBe(true)
  })
})

describe('the identity that a hook sees', () => {
  const attempts: readonly [string, (identity: Identity) => unknown][] = [
    ['the subject', (identity) => Object.assign(identity, { subject: 'mallory' })],
    ['a claim', ({ claims }) => Object.assign(claims, { role: 'admin' })],
    ['a new claim', ({ claims }) => Object.assign(claims, { added: true })],
    [
      'a claim inside a claim',
      ({ claims }) => Object.assign(claims['org'] as object, { role: 'admin' }),
    ],
    ['a list', ({ claims }) => (claims['groups'] as string[]).push('admin')],
    ['the forwarded claims', ({ userData }) => Object.assign(userData, { role: 'admin' })],
    ['its shape', (identity) => Object.setPrototypeOf(identity, { admin: true }) as unknown],
  ]

  it.for(attempts)('cannot be changed for the next caller: %s', async ([, change]) => {
    const seen: unknown[] = []
    const thrown: unknown[] = []
    const { send } = countedGate({
      onBeforeRequest(_, { identity }) {
        if (identity === undefined) return
        seen.push(structuredClone(identity))
        try {
          change(identity)
        } catch (error) {
          thrown.push(error)
        }
      },
    })
    const claims = { role: 'reader', org: { role: 'reader' }, groups: ['readers'] }
    const headers = { authorization: await mintToken(claims) }
    const bodies = [
      await (await send('/party/x', { headers })).text(),
      await (await send('/party/x', { headers })).text(),
    ]
    expect(thrown).toEqual([expect.any(TypeError), expect.any(TypeError)])
    expect(seen[1]).toEqual(seen[0])
    expect(bodies[1]).toBe(bodies[0])
  })
})

describe('hooks run', () => {
  it("in turn, the gate's own first", async () => {
    const order: string[] = []
    const { send } = countedGate(
      { onBeforeRequest: (_, { room }) => void order.push(`party for ${room}`) },
      {
        onBeforeRequest: async (_, lobby: Lobby<Cloudflare.Env>) => {
          await Promise.resolve()
          order.push(`gate for ${lobby.party}`)
        },
      },
    )
    await send('/party/x', { headers: { authorization: await mintToken() } })
    expect(order).toEqual(['gate for main', 'party for x'])
  })

  it("not at all for the party once the gate's own has answered", async () => {
    const order: string[] = []
    const { send, reached } = countedGate(
      { onBeforeRequest: () => void order.push('party') },
      { onBeforeRequest: () => new Response('closed today', { status: 403 }) },
    )
    const response = await send('/party/x', { headers: { authorization: await mintToken() } })
    expect(await response.text()).toBe('closed today')
    expect([order, reached]).toEqual([[], []])
  })

  it.for([
    ['GET', {}, 'request'],
    ['POST', {}, 'request'],
    ['OPTIONS', {}, 'request'],
    ['HEAD', {}, 'request'],
    ['GET', { upgrade: 'websocket' }, 'connect'],
    ['GET', { Upgrade: 'WebSocket' }, 'connect'],
    ['GET', { upgrade: 'WEBSOCKET' }, 'connect'],
    ['GET', { upgrade: 'h2c' }, 'request'],
    ['GET', { upgrade: 'websocket, h2c' }, 'request'],
  ] as const)('the one for the kind of request: %s %o', async ([method, headers, expected]) => {
    const calls: string[] = []
    const { send } = countedGate({
      onBeforeConnect: () => void calls.push('connect'),
      onBeforeRequest: () => void calls.push('request'),
    })
    const authorization = await mintToken()
    const response = await send('/party/x', { method, headers: { ...headers, authorization } })
    response.webSocket?.accept()
    response.webSocket?.close()
    expect(response.status).toBe(expected === 'connect' ? 101 : 200)
    expect(calls).toEqual([expected])
  })
})
