/** One `name=value` of a `Cookie` header, and its text as it came. */
interface CookiePair {
  readonly name: string
  readonly value: string
  readonly text: string
}

/**
 * Splits at `;` and trims only what RFC 6265 calls white space: a JavaScript `trim` would also eat
 * U+00A0 and so let a tossed cookie pass for the real name. Around the `=` it is trimmed too, as
 * most readers do: what a backend takes for the credential must be found and taken out here.
 */
export function cookiePairs(header: string): CookiePair[] {
  return header.split(';').map((text) => {
    const equals = text.indexOf('=')
    const name = trimBlanks(text.slice(0, Math.max(equals, 0)))
    return { name, value: trimBlanks(text.slice(equals + 1)), text }
  })
}

/** The header without the cookies of these names, all other bytes kept. */
export function withoutCookies(header: string, names: readonly string[]): string {
  const pairs = cookiePairs(header)
  const kept = pairs.filter(({ name }) => !names.includes(name))
  if (kept.length === pairs.length) return header
  return trimBlanks(kept.map((pair) => pair.text).join(';'))
}

function trimBlanks(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}
