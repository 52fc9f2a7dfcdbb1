import { Hono } from 'hono'
import {
  createGate,
  jwt,
  verifyToken,
  type GateEnv,
  type Hook,
  type Party,
  type RoomLobby,
} from '../../src/portico.ts'
import { identityOf } from '../../src/room.ts'

// Nothing here runs: it has to compile, and each marked line has to be an error.

const verify = jwt({ issuer: 'https://issuer.example', secret: 'secret' })

interface Env {
  readonly ROOM: DurableObjectNamespace
  readonly BACKEND: Fetcher
  readonly NAME: string
}

createGate<Env>({ verify, rooms: { main: { binding: 'ROOM' } } })
createGate({ verify, rooms: { main: { binding: 'ECHO_ROOM' } } })
createGate((env: Env) => ({ verify, rooms: { main: { binding: env.ROOM } } }))

// @ts-expect-error: there is no such binding
createGate<Env>({ verify, rooms: { main: { binding: 'OTHER' } } })
// @ts-expect-error: a variable is no namespace
createGate<Env>({ verify, rooms: { main: { binding: 'NAME' } } })
// @ts-expect-error: another Worker is no namespace
createGate<Env>({ verify, rooms: { main: { binding: 'BACKEND' } } })
// @ts-expect-error: a party without a binding
createGate<Env>({ verify, rooms: { main: {} } })
// @ts-expect-error: there is no such option
createGate<Env>({ verify, room: { main: { binding: 'ROOM' } } })
// @ts-expect-error: there is no such option of a party
createGate<Env>({ verify, rooms: { main: { binding: 'ROOM', authentication: 'required' } } })
// @ts-expect-error: there is no such mode
createGate<Env>({ verify, rooms: { main: { binding: 'ROOM', auth: 'none' } } })
// @ts-expect-error: there is no such way to tell
createGate<Env>({ verify, refusedUpgrades: 'ignore' })
// @ts-expect-error: there is no such carrier
createGate<Env>({ verify, carriers: { body: true } })
// @ts-expect-error: a verifier is no text
createGate<Env>({ verify: 'secret' })
// @ts-expect-error: `*` stands for no origin
createGate<Env>({ verify, cors: { origins: '*' } })

createGate<Env>({ verify, backends: { api: { origin: 'https://api.example' } } })
createGate<Env>({ verify, backends: { api: { service: 'BACKEND' } } })
// @ts-expect-error: one of both
createGate<Env>({ verify, backends: { api: { origin: 'https://a.example', service: 'BACKEND' } } })
// @ts-expect-error: a namespace is no other Worker
createGate<Env>({ verify, backends: { api: { service: 'ROOM' } } })

const issuer = 'https://issuer.example'
jwt({ issuer })
jwt([{ issuer }, { issuer: 'https://other.example', publicKey: 'PEM' }])
// @ts-expect-error: one kind of key
jwt({ issuer, secret: 'secret', jwksUrl: 'https://issuer.example/keys' })
// @ts-expect-error: one kind of key
jwt({ issuer, secret: 'secret', publicKey: 'PEM' })
// @ts-expect-error: an issuer is needed
jwt({ secret: 'secret' })
// @ts-expect-error: there is no such algorithm
jwt({ issuer, secret: 'secret', algorithms: ['none'] })

createGate<Env>({
  verify,
  onBeforeRequest: () => new Response(),
  onBeforeConnect: async (request) => request,
})
// @ts-expect-error: `false` is no answer
createGate<Env>({ verify, onBeforeRequest: () => false })
// @ts-expect-error: `null` is no answer
createGate<Env>({ verify, onBeforeConnect: async () => null })

interface Role {
  readonly role: string
}

createGate({
  verify: jwt<Role>({ issuer }),
  onBeforeRequest(_, lobby) {
    lobby.identity?.claims.role.toUpperCase()
    // @ts-expect-error: nobody may have been verified
    lobby.identity.claims.role.toUpperCase()
    // @ts-expect-error: no such claim
    lobby.identity?.claims.roles.toUpperCase()
    // @ts-expect-error: one identity serves every request with its token
    if (lobby.identity !== undefined) lobby.identity.subject = 'mallory'
    // @ts-expect-error: a backend has no room
    lobby.room.toUpperCase()
    if (lobby.backend === undefined) lobby.room.toUpperCase()
    // @ts-expect-error: a room's lobby has no backend
    else lobby.room.toUpperCase()
  },
  rooms: {
    main: {
      binding: 'ECHO_ROOM',
      onBeforeConnect(request, lobby) {
        request.headers.set('x-role', lobby.identity?.claims.role ?? lobby.room)
        lobby.env.ECHO_ROOM.getByName(lobby.room)
        // @ts-expect-error: no such binding
        lobby.env.ROOM.getByName(lobby.room)
        lobby.ctx.waitUntil(Promise.resolve())
      },
    },
  },
})

new Hono<GateEnv<Cloudflare.Env, Role>>().use(async (c, next) => {
  await next()
  c.var.identity?.claims.role.toUpperCase()
  c.var.refusal?.code.toUpperCase()
  // @ts-expect-error: no such claim
  c.var.identity?.claims.roles.toUpperCase()
  // @ts-expect-error: no such refusal
  if (c.var.refusal?.code === 'no_such_code') await next()
})

const role = identityOf<Role>(new Request('https://gate.example'))
role?.userData.role.toUpperCase()
// @ts-expect-error: nobody may have been verified
role.userData.role.toUpperCase()
// @ts-expect-error: no such claim
role?.userData.roles.toUpperCase()
// @ts-expect-error: what a caller's claims hold is not known
identityOf(new Request('https://gate.example'))?.userData['role'].toUpperCase()

export async function verifiedSubject(token: string): Promise<string> {
  const claims = await verifyToken<Role & { readonly sub: string }>(token, { issuer })
  // @ts-expect-error: no such claim
  claims.roles.toUpperCase()
  const { sub } = await verifyToken(token, { issuer })
  return sub + claims.sub + claims.role
}

/** A room class with PartyKit's static methods guards a party of any gate. */
class ChatRoom {
  static onBeforeConnect(request: Party.Request, lobby: Party.Lobby): Party.Request {
    request.headers.set('x-room', lobby.room)
    return request
  }

  declare readonly name: string
}

createGate<Env>({ verify, rooms: { main: { binding: 'ROOM', server: ChatRoom } } })
createGate<Env, Role>({
  verify: jwt<Role>({ issuer }),
  rooms: { main: { binding: 'ROOM', server: ChatRoom } },
})
class WrongRoom {
  static onBeforeConnect(): boolean {
    return true
  }

  declare readonly name: string
}
// @ts-expect-error: `true` is no answer
createGate<Env>({ verify, rooms: { main: { binding: 'ROOM', server: WrongRoom } } })

const hook: Hook<RoomLobby<Env>> = (_, lobby) => void lobby.room
createGate<Env>({ verify, rooms: { main: { binding: 'ROOM', onBeforeRequest: hook } } })
// @ts-expect-error: a hook for rooms does not know what to do with a backend
createGate<Env>({ verify, onBeforeRequest: hook })
