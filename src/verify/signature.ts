import { ruleOf } from './algorithms.ts'
import type { UnverifiedJws } from './compact-jws.ts'
import type { PinnedKey } from './pinned-key.ts'

/**
 * Whether the key signed the token, by WebCrypto alone. The algorithm is the key's; the token's
 * header had to name the same one for the key to be chosen.
 */
export async function isSignedBy(jws: UnverifiedJws, pinned: PinnedKey): Promise<boolean> {
  if (jws.algorithm !== pinned.algorithm) return false
  if (jws.signature.length !== pinned.signatureBytes) return false
  const { verifyParams } = ruleOf(pinned.algorithm)
  return crypto.subtle.verify(verifyParams, pinned.key, jws.signature, jws.signedBytes)
}
