import { verifyWithFirst, type Verifier, type VerifyContext } from '../../../src/verify/verifier.ts'
import type { Identity } from '../../../src/identity/identity.ts'

/** The moment of most cases, in seconds since the epoch: a whole second, so that borders are exact. */
export const NOW = 1_900_000_000

/** A context at that moment, in which no key set can be fetched. */
export function contextAt(nowSeconds: number): VerifyContext {
  return {
    now: () => nowSeconds * 1000,
    fetch: () => Promise.reject(new Error('nothing is to be fetched here')),
    sleep: (milliseconds) => scheduler.wait(milliseconds),
  }
}

/** What a verifier says of a token: `ok`, or the refusal's code. */
export async function verdictOf(
  verifier: Verifier,
  token: string,
  context: VerifyContext = contextAt(NOW),
): Promise<string> {
  const result = await verifyWithFirst([verifier], token, context)
  return result.ok ? 'ok' : result.refusal.code
}

/** The identity that a token proves. */
export async function identityFrom(verifier: Verifier, token: string): Promise<Identity> {
  const result = await verifyWithFirst([verifier], token, contextAt(NOW))
  if (!result.ok) throw new Error(`the token was refused: ${result.refusal.code}`)
  return result.value
}
