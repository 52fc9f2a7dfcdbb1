import type { Spawner } from '../connection/spawner.ts'
import type { ControlKey } from '../control/control-keys.ts'
import type { JamsocketServices } from '../jamsocket/services.ts'
import type { Backend } from '../store/backend.ts'
import type { BackendIndex } from '../store/backend-index.ts'
import type { BackendKey } from '../store/backend-key.ts'

/** The names in `Env` that are bound to the namespace of this class. */
type NamespaceOf<Env, T extends Rpc.DurableObjectBranded> = {
  [Name in keyof Env]-?: Env[Name] extends DurableObjectNamespace<T> ? Name & string : never
}[keyof Env]

/** The names in `Env` that are bound to another Worker. */
type ServiceName<Env> = {
  [Name in keyof Env]-?: Env[Name] extends Fetcher ? Name & string : never
}[keyof Env]

/** A spawner that is reached over HTTP; docs/spawner.md says what it is asked, and answers. */
export interface WebhookSpawner {
  readonly url: string
  readonly secret: string | readonly string[]
}

/** Session backends, reached through connection tokens that an application asks for. */
export interface ConnectionOptions<Env = unknown> {
  /** The namespace of `Backend` from `portico/objects`, or the name of its binding. */
  readonly backends: DurableObjectNamespace<Backend> | NamespaceOf<Env, Backend>
  /** The same for `BackendKey`. */
  readonly keys: DurableObjectNamespace<BackendKey> | NamespaceOf<Env, BackendKey>
  /** The same for `BackendIndex`. */
  readonly index: DurableObjectNamespace<BackendIndex> | NamespaceOf<Env, BackendIndex>
  /**
   * What connection tokens are authenticated with, at least 32 random characters; of several, the
   * first makes tokens and all are accepted, while one replaces another.
   */
  readonly tokenKey: string | readonly string[]
  /** Who may call `/ctrl`, and for what. */
  readonly controlKeys: readonly ControlKey[]
  /** The origins that a backend may have, compared whole. Default: none. */
  readonly origins?: readonly string[]
  /** The Workers that may be backends, by the name that `{"service": …}` says. Default: none. */
  readonly services?: Readonly<Record<string, Fetcher | ServiceName<Env>>>
  /**
   * How long an isolate may let a token in without asking its backend's object again, and so how
   * long a revoked token may still work: 0 to 60, default 5. 0 asks each time.
   */
  readonly rememberSeconds?: number
  /** How long a request waits for a backend that is starting: 0 to 300, default 30. */
  readonly startSeconds?: number
  /**
   * What runs every other executable: the URL of a spawner that is asked by signed requests, with
   * its secret (`whsec_…`; of several the first signs and all are accepted, while one replaces
   * another), or one of your own. Default: nothing does, and such an executable is refused.
   */
  readonly spawner?: WebhookSpawner | Spawner
  /** What Jamsocket's API serves, by `account/service`. Default: it is not there. */
  readonly jamsocketServices?: JamsocketServices
  /**
   * `host[:port]` below which each backend has a host of its own, `<backend>.<host>`; nothing else of
   * the gate is there. Default: backends are reached by name under `/backends/` only.
   */
  readonly backendDomain?: string
  /**
   * Whether pages of other sites may embed backends that are opened by a cookie: it is then kept apart
   * for each of them (CHIPS), and sent in requests that they cause. Default `false`.
   */
  readonly partitionedCookies?: boolean
  /** Where `/` leads. Default: it is refused, as a path without a token. */
  readonly rootRedirectUrl?: string
}
