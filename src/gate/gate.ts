import type { Carriers } from '../carry/carriers.ts'
import type { BackendTarget } from '../forward/to-backend.ts'
import type { BackendLobby, Hook, RoomLobby } from '../hook/lobby.ts'
import type { Policy } from '../policy/permissions.ts'
import type { Tickets } from '../ticket/tickets.ts'
import type { Verifier, VerifyContext } from '../verify/verifier.ts'
import type { BackendDomain } from './backend-host.ts'
import type { ConnectionGate } from './check-connections.ts'
import type { Cors } from './cors.ts'
import type { AuthMode, RefusedUpgrades } from './options.ts'

/** How one destination is guarded; every default is filled in. */
export interface Guard<L> {
  readonly auth: AuthMode
  readonly carriers: Carriers
  readonly onBeforeConnect: readonly Hook<L>[]
  readonly onBeforeRequest: readonly Hook<L>[]
}

export interface RoomGuard<Env, C> extends Guard<RoomLobby<Env, C>> {
  readonly className: string
  readonly namespace: DurableObjectNamespace
}

export interface BackendGuard<Env, C> extends Guard<BackendLobby<Env, C>> {
  readonly target: BackendTarget
  readonly path: 'strip' | 'keep'
}

/** The options, checked once. Maps, because `constructor` is no party. */
export interface Gate<Env, C> {
  readonly verifiers: readonly Verifier<C>[]
  readonly policy: Policy | undefined
  readonly rooms: ReadonlyMap<string, RoomGuard<Env, C>>
  readonly backends: ReadonlyMap<string, BackendGuard<Env, C>>
  /** How a destination that does not exist is guarded, so that strangers cannot tell. */
  readonly elsewhere: Guard<never>
  readonly roomPrefix: string
  /** Cookies that hold credentials of the gate's callers; none without a verifier. */
  readonly credentialCookies: readonly string[]
  readonly cors: Cors | undefined
  readonly refusedUpgrades: RefusedUpgrades
  readonly signInUrl: string | undefined
  readonly tickets: Tickets | undefined
  readonly connected: ConnectionGate | undefined
  /** Where backends have hosts of their own. */
  readonly backendDomain: BackendDomain | undefined
  /** Whether the cookie that opens a backend is kept apart for each site that embeds it. */
  readonly partitionedCookies: boolean
}

/** One request, and what the platform gives for it. */
export interface Visit<Env> {
  readonly request: Request
  readonly env: Env
  readonly context: Required<VerifyContext>
  /** The backend that the host names; `undefined`: the path says where the request goes. */
  readonly backendHost?: string | undefined
}
