import type { Result } from '../refusal/refusal.ts'
import type { Identity } from '../identity/identity.ts'

/** How one kind of session service is asked, and what its answers mean. */
export interface SessionForm {
  readonly requestFor: (token: string) => RequestInit
  /** Statuses by which the service itself says that nobody has this token. */
  readonly noStatuses: readonly number[]
  /**
   * What the JSON of a 200 means.
   *
   * @throws Error where the answer has no form that is known
   */
  readonly read: (answer: unknown, nowSeconds: number) => Result<Identity>
}
