import type { BackendAddress, BackendKeyName } from '../store/backend-plan.ts'
import type { ReportAnswer } from '../store/backend-report.ts'
import type { BackendStatus, StatusEntry, TerminationKind } from '../store/backend-status.ts'
import type { Refusal } from '../refusal/refusal.ts'

/** How long a token lives that was asked for without a word about it. */
export const DEFAULT_TTL_SECONDS = 3600

/** What an application asks for when it wants a connection. Checked: names, limits, sizes. */
export interface ConnectOrder {
  readonly key: (BackendKeyName & { readonly tag: string }) | undefined
  /** Where a new backend without a key is listed. Default: the empty one. */
  readonly namespace?: string
  readonly spawn: SpawnOrder | undefined
  readonly user: string | undefined
  /** `undefined`: the caller gave none. */
  readonly auth: Readonly<Record<string, unknown>> | undefined
  /** Default: `DEFAULT_TTL_SECONDS`. */
  readonly expiresInSeconds: number | undefined
  /** How often the token may be used; `undefined`: as often as one likes. */
  readonly maxUses: number | undefined
  /** The one origin whose pages may use the token. */
  readonly origin: string | undefined
  /** The only methods that the token is good for; `undefined`: all. */
  readonly methods: readonly string[] | undefined
  /** The beginning of the only paths that the token is good for, `/docs`; `undefined`: all. */
  readonly path: string | undefined
}

/** How to make a backend where there is none. */
export interface SpawnOrder {
  readonly id: string | undefined
  readonly cluster: string | undefined
  readonly subdomain: string | undefined
  readonly executable: unknown
  readonly lifetimeLimitSeconds: number | undefined
  readonly maxIdleSeconds: number | undefined
  readonly useStaticToken: boolean
  /** Whether anyone who knows the backend's name may go to it. */
  readonly isOpen: boolean
}

export interface Connected {
  readonly backendId: string
  readonly spawned: boolean
  readonly status: BackendStatus
  readonly token: string
  readonly cluster: string | undefined
  readonly subdomain: string | undefined
  /** `undefined` for a static token. */
  readonly secretToken: string | undefined
  readonly tokenId: string
  /** Seconds since the epoch; `undefined` for a static token, which lasts as long as its backend. */
  readonly expiresAt: number | undefined
}

/** Why no connection came about, as a name of Plane's. */
export type ControlFailureKind =
  | 'FailedToAcquireKey'
  | 'KeyUnheldNoSpawnConfig'
  | 'KeyHeldUnhealthy'
  | 'KeyHeld'
  | 'NotFound'
  /** A field that is wrong; Plane has no kind for it. */
  | 'InvalidRequest'
  /** An object cannot be asked right now. */
  | 'StoreUnavailable'
  /** The spawner cannot be asked right now, or refuses. */
  | 'SpawnerUnavailable'

export interface ControlFailure {
  readonly kind: ControlFailureKind
  /** Says what is wrong, with the field's path where it is one: `spawn_config.id: …`. */
  readonly message: string
}

export type Controlled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly failure: ControlFailure }

/** What a spawner says of a backend that it runs. */
export interface BackendReport {
  readonly backendId: string
  readonly entry: StatusEntry
  /** Where it serves; needed with `ready`. */
  readonly address: BackendAddress | undefined
  /** When it was said, in milliseconds since the epoch. */
  readonly toldAt: number
}

/** Which tokens are to be revoked. */
export type RevokeSelector =
  | { readonly tokenId: string }
  | { readonly backendId: string }
  | { readonly backendId: string; readonly user: string }
  | { readonly key: BackendKeyName }
  | { readonly key: BackendKeyName; readonly user: string }

export interface Revoked {
  readonly tokensRevoked: number
  /** For how long an isolate may still let a revoked token in. */
  readonly withinSeconds: number
}

/** A token as it is listed: nothing of it can be used as one. */
export interface ListedToken {
  readonly tokenId: string
  readonly user: string | undefined
  readonly isStatic: boolean
  readonly issuedAt: number
  readonly expiresAt: number | undefined
  readonly usesLeft: number | undefined
  readonly origin: string | undefined
  readonly methods: readonly string[] | undefined
  readonly path: string | undefined
  readonly revokedAt: number | undefined
}

export interface ListedBackend {
  readonly backendId: string
  readonly key: BackendKeyName | undefined
  readonly namespace: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** A page of a list: `next` is where the next one starts, `undefined` on the last one. */
export interface Page<T> {
  readonly items: readonly T[]
  readonly next: string | undefined
}

export interface PageOrder {
  readonly after: string | undefined
  readonly limit: number
}

/** What a request brings that a token may be bound to. */
export interface Arrival {
  readonly method: string
  /** What follows the token in the path, byte for byte; starts with a slash. */
  readonly rest: string
  readonly origin: string | undefined
  /** Host and port as the request names them. */
  readonly host: string
  /** Whether a browser only asks if it may send the request: that is no use of the token. */
  readonly isPreflight: boolean
}

/** Who and where: what a token stands for. */
export interface Grant {
  readonly backendId: string
  /** What of the gate's hosts is the backend's, beside its id. */
  readonly subdomain?: string | undefined
  readonly address: BackendAddress
  readonly user: string | undefined
  /** Compact JSON; `undefined` for a static token. */
  readonly auth: string | undefined
  /** Empty for a static token. */
  readonly secretToken: string
  readonly isStatic: boolean
  readonly maxIdleSeconds: number | undefined
}

/**
 * Why a token does not open its backend. `code` is told to whoever holds a token with a right tag;
 * with `isKnown: false` the caller holds none, and every cause looks alike.
 */
export interface Turned {
  readonly refusal: Refusal
  readonly isKnown: boolean
  /** Told in a header, as Plane does on its own answers. */
  readonly backendId: string | undefined
}

export type Admission =
  { readonly ok: true; readonly value: Grant } | { readonly ok: false; readonly turned: Turned }

/** Whether a token is one of a backend that still counts. */
export type TokenVerdict =
  | {
      readonly ok: true
      /** Seconds since the epoch; `undefined` for a static token. */
      readonly value: { readonly expiresAt: number | undefined }
    }
  | { readonly ok: false; readonly turned: Turned }

/** The tokens of a gate and the backends that they lead to. */
export interface Connections {
  readonly connect: (order: ConnectOrder) => Promise<Controlled<Connected>>
  readonly terminate: (backendId: string, kind: TerminationKind) => Promise<Controlled<undefined>>
  readonly revoke: (selector: RevokeSelector) => Promise<Controlled<Revoked>>
  /** The history from its beginning, the latest status last. */
  readonly statuses: (backendId: string) => Promise<Controlled<readonly StatusEntry[]>>
  /** Every status later than `after`, now and as they come; ends after `terminated`. */
  readonly watch: (
    backendId: string,
    after: BackendStatus | undefined,
  ) => Promise<Controlled<ReadableStream<StatusEntry>>>
  /** Tells what became of a backend that a spawner runs. */
  readonly report: (report: BackendReport) => Promise<Controlled<ReportAnswer>>
  readonly tokens: (backendId: string, page: PageOrder) => Promise<Controlled<Page<ListedToken>>>
  readonly backends: (
    namespace: string,
    page: PageOrder,
  ) => Promise<Controlled<Page<ListedBackend>>>
  /** Lets a request with a token in, or says why not. */
  readonly admit: (token: string, arrival: Arrival) => Admission | Promise<Admission>
  /**
   * Lets a request to a backend that it names in: one that is open, or with a token of that backend.
   *
   * @param token `undefined`: the request brings none
   */
  readonly admitByName: (
    backendId: string,
    token: string | undefined,
    arrival: Arrival,
  ) => Promise<Admission>
  /** Whether a token is one of this backend and still counts, be the backend ready or not. */
  readonly verifyByName: (backendId: string, token: string) => Promise<TokenVerdict>
  /**
   * Tells that a connection is still open, so that its backend does not idle out.
   *
   * @returns why the connection is to be closed, `undefined` while it may stay
   */
  readonly keepAlive: (token: string) => Promise<Refusal | undefined>
}
