/** Characters that a terminal obeys instead of showing them, or that change the order of others. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/**
 * Text of one line without any of them: a backend's key may hold an escape sequence. Inside a JSON
 * document that has no spaces between its members the result means the same.
 */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (character) =>
    character
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  )
}
