import { ruleOf, type Algorithm } from './algorithms.ts'
import type { CheckedJwk, Unusable } from './checked-jwk.ts'

/** A key bound to one algorithm for good: the token's header only ever selects among such keys. */
export interface PinnedKey {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly key: CryptoKey
  readonly signatureBytes: number
  /** Same text, same key: tells whether a refreshed key set still holds this one. */
  readonly fingerprint: string
}

/** Imports a checked JWK, for verifying only. */
export async function pinKey(checked: CheckedJwk): Promise<PinnedKey | Unusable> {
  const { algorithm, kid, material, signatureBytes } = checked
  try {
    const { importParams } = ruleOf(algorithm)
    const key = await crypto.subtle.importKey('jwk', material, importParams, false, ['verify'])
    const fingerprint = JSON.stringify([algorithm, kid, material])
    return { algorithm, kid, key, signatureBytes, fingerprint }
  } catch {
    return { unusable: 'its numbers are not a key' }
  }
}
