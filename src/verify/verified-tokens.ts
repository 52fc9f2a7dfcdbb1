import type { Identity } from '../identity/identity.ts'
import type { PinnedKey } from './pinned-key.ts'

/** A token that was verified before, and what must still hold for it to count again. */
export interface VerifiedToken {
  readonly identity: Identity
  readonly key: PinnedKey
  readonly kid: string | undefined
  readonly acceptedUntil: number
}

const MAX_TOKENS = 1000

/**
 * Remembers verified tokens for the life of an isolate, keyed by the whole token: a changed last
 * character is another token and is verified anew. The oldest goes first when it is full.
 */
export function createVerifiedTokens(): {
  get: (token: string) => VerifiedToken | undefined
  set: (token: string, verified: VerifiedToken) => void
  delete: (token: string) => void
} {
  const tokens = new Map<string, VerifiedToken>()
  return {
    get: (token) => tokens.get(token),
    delete: (token) => void tokens.delete(token),
    set(token, verified) {
      const [oldest] = tokens.keys()
      if (tokens.size >= MAX_TOKENS && oldest !== undefined) tokens.delete(oldest)
      tokens.set(token, verified)
    },
  }
}
