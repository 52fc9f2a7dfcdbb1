/**
 * Compares texts with secrets: by their hashes, which hide a secret's length and whose bytes nobody
 * can choose, each hashed once and each compared every time, so that the time does not tell which
 * one it was.
 *
 * @returns finds the place of the secret in the list, `undefined` if it is none of them
 */
export function secretMatch(
  secrets: readonly string[],
): (given: string) => Promise<number | undefined> {
  let hashes: readonly ArrayBuffer[] | undefined
  return async (given) => {
    hashes ??= await Promise.all(secrets.map(hashOf))
    const hash = await hashOf(given)
    const equal = hashes.map((known) => crypto.subtle.timingSafeEqual(known, hash))
    const place = equal.indexOf(true)
    return place === -1 ? undefined : place
  }
}

function hashOf(text: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
}
