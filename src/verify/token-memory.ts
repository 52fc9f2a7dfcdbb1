/** What is remembered about tokens, for the life of an isolate. */
export interface TokenMemory<T> {
  readonly get: (token: string) => T | undefined
  /** @param characters what the value takes beside the token */
  readonly set: (token: string, value: T, characters?: number) => void
  readonly delete: (token: string) => void
}

interface Entry<T> {
  readonly value: T
  readonly characters: number
}

/**
 * A bounded memory keyed by the whole token: a changed last character is another token. It is
 * bounded in characters, since entries differ a hundredfold, and the oldest goes first.
 */
export function createTokenMemory<T>(maxCharacters: number): TokenMemory<T> {
  const entries = new Map<string, Entry<T>>()
  let used = 0

  function remove(token: string): void {
    used -= entries.get(token)?.characters ?? 0
    entries.delete(token)
  }

  return {
    get: (token) => entries.get(token)?.value,
    set(token, value, characters = 0) {
      remove(token)
      entries.set(token, { value, characters: token.length + characters })
      used += token.length + characters
      for (const oldest of entries.keys()) {
        if (used <= maxCharacters) return
        remove(oldest)
      }
    },
    delete: remove,
  }
}
