import type { BackendKeyName } from '../store/backend-plan.ts'
import type { TerminationKind } from '../store/backend-status.ts'

/** A backend that is to run. */
export interface SpawnRequest {
  readonly backendId: string
  /** `undefined` for a backend without a key. */
  readonly key: BackendKeyName | undefined
  /** As the connect call gave it. */
  readonly executable: unknown
  /** The one token of the backend, where it has one for everybody. */
  readonly staticToken: string | undefined
  readonly maxIdleSeconds: number | undefined
  readonly lifetimeLimitSeconds: number | undefined
}

export type SpawnOutcome =
  /** It starts, or runs already. What becomes of it is reported. */
  | { readonly kind: 'accepted' }
  /** It never will. The message goes to the caller and names the member of the executable. */
  | { readonly kind: 'refused'; readonly message: string }
  /** Nobody knows; another attempt may do it. */
  | { readonly kind: 'unavailable' }

/**
 * What runs backends that do not exist yet: processes, containers, machines. Both calls may come
 * twice for one backend, and do nothing the second time. Whatever runs is reported to the gate, at
 * least as often as its answers ask for: a backend that nobody reports is lost after a minute.
 */
export interface Spawner {
  readonly spawn: (request: SpawnRequest) => Promise<SpawnOutcome>
  /** @returns `unknown` where nothing runs under this id, so that nothing is going to end */
  readonly stop: (
    backendId: string,
    kind: TerminationKind,
  ) => Promise<'accepted' | 'unknown' | 'unavailable'>
}
