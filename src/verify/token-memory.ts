/** What is remembered about tokens, for the life of an isolate. */
export interface TokenMemory<T> {
  readonly get: (token: string) => T | undefined
  /** @param characters what the value takes beside the token */
  readonly set: (token: string, value: T, characters?: number) => void
  readonly delete: (token: string) => void
  /** Looks at all of them, which takes as long as there are many. */
  readonly deleteWhere: (isMeant: (value: T) => boolean) => void
}

/**
 * A bounded memory keyed by the whole token: a changed last character is another token. It is
 * bounded in characters, since entries differ a hundredfold, and the earlier half goes at once:
 * to take entries out of a map one by one costs as much as half a verification.
 */
export function createTokenMemory<T>(maxCharacters: number): TokenMemory<T> {
  let recent = new Map<string, T>()
  let earlier = new Map<string, T>()
  let used = 0

  return {
    get: (token) => recent.get(token) ?? earlier.get(token),
    set(token, value, characters = 0) {
      const size = token.length + characters
      used += size
      if (used > maxCharacters / 2) {
        earlier = recent
        recent = new Map()
        used = size
      }
      recent.set(token, value)
    },
    delete(token) {
      recent.delete(token)
      earlier.delete(token)
    },
    deleteWhere(isMeant) {
      for (const entries of [recent, earlier]) {
        for (const [token, value] of entries) if (isMeant(value)) entries.delete(token)
      }
    },
  }
}
