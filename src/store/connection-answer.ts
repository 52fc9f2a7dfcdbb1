import type { BackendPlan } from './backend-plan.ts'
import type { BackendStatus } from './backend-status.ts'
import type { TokenRow } from './token-rows.ts'

/** A token that is to be given out, and the backend to start where there is none yet. */
export interface ConnectionOrder {
  readonly plan: BackendPlan | undefined
  /** Not kept where the backend has one static token for all. */
  readonly token: TokenRow | undefined
}

export type ConnectionAnswer =
  | {
      readonly kind: 'connected'
      readonly spawned: boolean
      /** Whether it stands in the index; if not, whoever asked enters it, and says so. */
      readonly isListed: boolean
      readonly status: BackendStatus
      readonly cluster: string | undefined
      readonly subdomain: string | undefined
      /** What the static token is made of, together with the gate's key. */
      readonly staticNonce: ArrayBuffer | undefined
      /**
       * The plan of a backend that a spawner has to be asked to run, as JSON, since a call between
       * objects cannot be typed to return what an executable may be. `undefined` where it runs, or a
       * spawner was asked a moment ago.
       */
      readonly toSpawn: string | undefined
    }
  /** There is no such backend, and no plan to make it. */
  | { readonly kind: 'unknown' }
  /** It has this id, but is the backend of another key. */
  | { readonly kind: 'taken' }
  | { readonly kind: 'ending'; readonly status: BackendStatus }
