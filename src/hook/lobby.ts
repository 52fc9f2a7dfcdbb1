import type { Claims, Identity } from '../identity/identity.ts'
import type { Operation } from '../identity/operation.ts'

interface Waiting<Env, C> {
  readonly env: Env
  /** `undefined` where nobody was verified: `auth: 'hook'`, or `'optional'` without a credential. */
  readonly identity: Identity<C> | undefined
  /** What the caller may do here; `undefined` without a policy, and with `auth: 'hook'`. */
  readonly permissions: readonly Operation[] | undefined
  readonly ctx: { readonly waitUntil: (work: Promise<unknown>) => void }
}

/** What a hook learns about a request for a room, beside the request. */
export interface RoomLobby<Env = unknown, C = Claims> extends Waiting<Env, C> {
  readonly party: string
  /** The room class's name where `server` gives it, else the binding's, else the party's. */
  readonly className: string
  readonly room: string
  readonly backend?: undefined
}

/** What a hook learns about a request for a backend, beside the request. */
export interface BackendLobby<Env = unknown, C = Claims> extends Waiting<Env, C> {
  readonly backend: string
  readonly party?: undefined
  readonly className?: undefined
  readonly room?: undefined
}

export type Lobby<Env = unknown, C = Claims> = RoomLobby<Env, C> | BackendLobby<Env, C>

/**
 * Decides about one request: a `Request` goes on in its place, a `Response` is the answer,
 * `undefined` goes on with the request as it is now. Anything else, and anything thrown, refuses.
 */
export type Hook<L> = (
  request: Request,
  lobby: L,
) => Request | Response | undefined | void | Promise<Request | Response | undefined | void>
