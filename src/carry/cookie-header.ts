/** One `name=value` of a `Cookie` header, and its text as it came. */
interface CookiePair {
  readonly name: string
  readonly value: string
  readonly text: string
}

/**
 * Splits at `;` and trims only what RFC 6265 calls white space: a JavaScript `trim` would also eat
 * U+00A0 and so let a tossed cookie pass for the real name.
 */
export function cookiePairs(header: string): CookiePair[] {
  return header.split(';').map((part) => {
    const text = part.replace(/^[ \t]+|[ \t]+$/g, '')
    const equals = text.indexOf('=')
    return { name: text.slice(0, Math.max(equals, 0)), value: text.slice(equals + 1), text }
  })
}
