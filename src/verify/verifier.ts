import type { Claims, Identity } from '../identity/identity.ts'
import { refuse, type Result } from '../refusal/refusal.ts'

/** What a verifier may use of the world outside, handed in so that tests can hand in their own. */
export interface VerifyContext {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly fetch: typeof fetch
  readonly sleep: (milliseconds: number) => Promise<void>
  /** Lets work outlive the request; where it is missing, such work is awaited. */
  readonly waitUntil?: (work: Promise<unknown>) => void
}

/**
 * Proves who a token belongs to, or refuses it. `undefined` says that the token is none of this
 * verifier's, and the next one is asked.
 */
export type Verifier<C = Claims> = (
  token: string,
  context: VerifyContext,
) => Promise<Result<Identity<C>> | undefined>

/** Asks the verifiers in turn; the first that recognises the token decides. */
export async function verifyWithFirst<C>(
  verifiers: readonly Verifier<C>[],
  token: string,
  context: VerifyContext,
): Promise<Result<Identity<C>>> {
  for (const verifier of verifiers) {
    // In turn on purpose: a later verifier may only see tokens that the earlier ones do not know.
    const verdict = await verifier(token, context)
    if (verdict !== undefined) return verdict
  }
  // The limit: a token of a million dots must not become a million strings.
  return token.split('.', 4).length === 3
    ? refuse('token_invalid', 'no configured issuer knows this token')
    : refuse('token_malformed', 'the token has no form that is known here')
}
