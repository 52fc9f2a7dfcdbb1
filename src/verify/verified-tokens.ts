import type { Identity } from '../identity/identity.ts'
import type { KeySource } from './key-source.ts'
import type { PinnedKey } from './pinned-key.ts'
import { createTokenMemory } from './token-memory.ts'

/** A token that was verified before, and what must still hold for it to count again. */
export interface VerifiedToken {
  readonly identity: Identity
  readonly key: PinnedKey
  readonly keys: KeySource
  readonly acceptedUntil: number
}

// About 1000 tokens of the usual length; an isolate has 128 MB for everything.
const MAX_CHARACTERS = 1024 * 1024

/** Remembers verified tokens for the life of an isolate, the latest of them. */
export function createVerifiedTokens(): {
  /** The token, if it has not expired and its key is for certain still one of the issuer's. */
  get: (token: string, now: number) => VerifiedToken | undefined
  set: (token: string, verified: VerifiedToken) => void
} {
  const tokens = createTokenMemory<VerifiedToken>(MAX_CHARACTERS)
  return {
    get(token, now) {
      const known = tokens.get(token)
      if (known === undefined) return undefined
      if (now / 1000 < known.acceptedUntil && known.keys.holds(known.key, now)) return known
      tokens.delete(token)
      return undefined
    },
    set: (token, verified) => tokens.set(token, verified),
  }
}
