import type { CarrierOptions } from '../carry/carriers.ts'
import type { BackendLobby, Hook, Lobby, RoomLobby } from '../hook/lobby.ts'
import type { Claims } from '../identity/identity.ts'
import type { PermissionOptions } from '../policy/permissions.ts'
import type { Subject } from '../store/subject.ts'
import type { Verifier } from '../verify/verifier.ts'
import type { ConnectionOptions } from './connection-options.ts'

/**
 * Who decides about a caller: the verifier (`required`), the verifier unless there is no credential
 * (`optional`), or the hook alone (`hook`, where `undefined` from the hook is a refusal).
 */
export type AuthMode = 'required' | 'optional' | 'hook'

export type RefusedUpgrades = 'auto' | 'close' | 'status'

interface GuardOptions<L> {
  /** Default `required`. */
  readonly auth?: AuthMode
  /** Changes to the gate's carriers for this destination. */
  readonly carriers?: CarrierOptions
  /** Runs for WebSocket upgrades, after the gate's own hook. */
  readonly onBeforeConnect?: Hook<L>
  /** Runs for all other requests, after the gate's own hook. */
  readonly onBeforeRequest?: Hook<L>
}

/** PartyKit's way to write hooks: static methods of the room's class. */
interface RoomServer<L> {
  readonly name: string
  readonly onBeforeConnect?: Hook<L>
  readonly onBeforeRequest?: Hook<L>
}

/** The names in `Env` that are bound to a Durable Object namespace. */
type NamespaceName<Env> = {
  [Name in keyof Env]-?: Env[Name] extends DurableObjectNamespace ? Name & string : never
}[keyof Env]

/** The names in `Env` that are bound to another Worker. */
type ServiceName<Env> = {
  [Name in keyof Env]-?: Env[Name] extends Fetcher ? Name & string : never
}[keyof Env]

export interface RoomOptions<Env = unknown, C = Claims> extends GuardOptions<RoomLobby<Env, C>> {
  /** The Durable Object namespace, or the name of its binding. */
  readonly binding: DurableObjectNamespace | NamespaceName<Env>
  /** A class whose static `onBeforeConnect` and `onBeforeRequest` guard this party. */
  readonly server?: RoomServer<RoomLobby<Env, C>>
}

interface BackendGuardOptions<Env, C> extends GuardOptions<BackendLobby<Env, C>> {
  /**
   * What happens to `/backends/<name>` at the beginning of the path: taken off (and told in
   * `x-forwarded-prefix`), or kept for a backend that serves under it. Default `strip`.
   */
  readonly path?: 'strip' | 'keep'
}

export type BackendOptions<Env = unknown, C = Claims> = BackendGuardOptions<Env, C> &
  (
    | {
        /** `https://host[:port]`, or `http://` for a backend on a private network or in development. */
        readonly origin: string
        readonly service?: never
      }
    | {
        /** Another Worker, or the name of its binding. */
        readonly service: Fetcher | ServiceName<Env>
        readonly origin?: never
      }
  )

export interface CorsOptions {
  /**
   * Exact origins of pages that may call the gate, `https://app.example.com`. They may also open
   * sockets with cookies, which pages of other origins may not.
   */
  readonly origins: readonly string[]
  /** Request headers a page may send beside `authorization` and `content-type`. */
  readonly allowHeaders?: readonly string[]
  /** Response headers a page may read beside those that every page may. */
  readonly exposeHeaders?: readonly string[]
  /** How long a browser may remember a preflight. Default 7200, what Chromium allows at most. */
  readonly maxAgeSeconds?: number
}

/** The names in `Env` that are bound to the namespace of `Subject`. */
type SubjectsName<Env> = {
  [Name in keyof Env]-?: Env[Name] extends DurableObjectNamespace<Subject> ? Name & string : never
}[keyof Env]

export interface TicketOptions<Env = unknown> {
  /** The namespace of `Subject` from `portico/objects`, or the name of its binding. */
  readonly subjects: DurableObjectNamespace<Subject> | SubjectsName<Env>
  /**
   * The key that tickets are authenticated with, at least 32 random characters; of several, the
   * first makes tickets and all are accepted, while one replaces another.
   */
  readonly key: string | readonly string[]
  /** How long a ticket waits to be used: 1 to 60, default 15. */
  readonly ttlSeconds?: number
}

export interface GateOptions<Env = unknown, C = Claims> {
  /** One verifier or several: the first that recognises a token decides. */
  readonly verify?: Verifier<C> | readonly Verifier<C>[]
  /**
   * What verified callers may do; what nothing grants is refused. Default: whoever is verified may
   * do everything. Places with `auth: 'hook'` are not asked about, since nobody is verified there.
   */
  readonly permissions?: PermissionOptions
  /** The parties that can be reached, by the name in the path. A binding alone is never public. */
  readonly rooms?: Readonly<Record<string, RoomOptions<Env, C>>>
  /** The backends that can be reached, by the name in the path. */
  readonly backends?: Readonly<Record<string, BackendOptions<Env, C>>>
  /** Runs for WebSocket upgrades to any destination. */
  readonly onBeforeConnect?: Hook<Lobby<Env, C>>
  /** Runs for all other requests to any destination. */
  readonly onBeforeRequest?: Hook<Lobby<Env, C>>
  readonly cors?: CorsOptions
  /**
   * What stands before `/:party/:room`. Default `parties`, and only then `/party/:room` is the
   * party `main`.
   */
  readonly prefix?: string
  readonly carriers?: CarrierOptions
  /**
   * How a refused upgrade is told: `close` accepts the socket and closes it with a code, which a
   * page can read; `status` answers the handshake with the HTTP status. Default `auto`: `close` for
   * browsers (they send `Origin`), `status` for everyone else.
   */
  readonly refusedUpgrades?: RefusedUpgrades
  /**
   * Where a person is sent who opens a page here without a session, or with one that has ended. The
   * URL that was asked for is added as `return_to`. Default: such a page is refused like all else.
   */
  readonly signInUrl?: string
  /** Lets callers swap their token for a ticket, so that none has to stand in a socket's URL. */
  readonly tickets?: TicketOptions<Env>
  /** Session backends, reached through connection tokens. */
  readonly connections?: ConnectionOptions<Env>
}
