import type { BackendAddress } from '../../src/store/backend-plan.ts'
import type { StatusEntry } from '../../src/store/backend-status.ts'

/** A backend that somebody else is to make ready: no spawner here leaves one starting. */
export interface Starting {
  readonly backendId: string
  /** Name of the key that holds it. */
  readonly key: string
}

/** What becomes of it. */
export interface Report {
  readonly backendId: string
  readonly entry: StatusEntry
  readonly address?: BackendAddress
}
