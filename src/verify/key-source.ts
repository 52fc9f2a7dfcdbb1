import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Algorithm } from './algorithms.ts'
import type { ConfiguredKey } from './configured-key.ts'
import type { PinnedKey } from './pinned-key.ts'
import type { VerifyContext } from './verifier.ts'

/** Where an issuer's keys come from. */
export interface KeySource {
  /** The keys that may have signed a token with this header: none is an answer, an outage is not. */
  readonly find: (
    algorithm: Algorithm,
    kid: string | undefined,
    context: VerifyContext,
  ) => Promise<Result<readonly PinnedKey[]>>
  /** Whether a key that was found is for certain still the issuer's; if not, `find` has to tell. */
  readonly holds: (key: PinnedKey, now: number) => boolean
}

/**
 * Keys that the configuration holds itself: several while one replaces another. They are imported
 * by the first request that needs them, since a Worker does no such work at its start.
 *
 * @param setting the option that a faulty key is reported under
 */
export function configuredKeys(setting: string, keys: readonly ConfiguredKey[]): KeySource {
  let loaded: readonly PinnedKey[] | undefined
  return {
    async find(algorithm, kid) {
      if (loaded === undefined) {
        try {
          const imported = await Promise.all(keys.map((importKey) => importKey()))
          // Whoever was first: what is remembered as verified refers to those very keys.
          loaded ??= imported
        } catch (error) {
          const reason = error instanceof ConfigurationError ? error.message : 'it cannot be read'
          return refuse('gate_misconfigured', `${setting}: ${reason}`)
        }
      }
      return ok(loaded.filter((key) => key.algorithm === algorithm && isNamed(key, kid)))
    },
    holds: (key) => loaded?.includes(key) === true,
  }
}

/** A PEM and a secret have no `kid` and fit every token; a token without one fits every key. */
function isNamed(key: PinnedKey, kid: string | undefined): boolean {
  return kid === undefined || key.kid === undefined || key.kid === kid
}
