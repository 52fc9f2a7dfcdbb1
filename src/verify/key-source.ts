import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Algorithm } from './algorithms.ts'
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
}

/**
 * Keys that the configuration holds itself: several while one replaces another. They are imported
 * by the first request that needs them, since a Worker does no such work at its start.
 *
 * @param setting the option that a faulty key is reported under
 */
export function configuredKeys(
  setting: string,
  load: () => Promise<readonly PinnedKey[]>,
): KeySource {
  let loaded: readonly PinnedKey[] | undefined
  return {
    async find(algorithm, kid) {
      if (loaded === undefined) {
        try {
          loaded = await load()
        } catch (error) {
          const reason = error instanceof ConfigurationError ? error.message : 'it cannot be read'
          return refuse('gate_misconfigured', `${setting}: ${reason}`)
        }
      }
      return ok(matching(loaded, algorithm, kid))
    },
  }
}

/** A header without `kid` fits every key of its algorithm, and so does a key without one. */
export function matching(
  keys: readonly PinnedKey[],
  algorithm: Algorithm,
  kid: string | undefined,
): readonly PinnedKey[] {
  return keys.filter(
    (key) =>
      key.algorithm === algorithm &&
      (kid === undefined || key.kid === undefined || key.kid === kid),
  )
}
