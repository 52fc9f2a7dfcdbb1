import { readFile } from 'node:fs/promises'
import type { PrivateJwk } from '../verify/signing-key.ts'

/**
 * A key of a file, as the PEM that it is or as a JWK.
 *
 * @returns `undefined` where there is no such file, or neither of them in it
 */
export async function readKeyFile(path: string): Promise<string | PrivateJwk | undefined> {
  try {
    const text = await readFile(path, 'utf8')
    if (text.includes('-----BEGIN ')) return text
    const jwk: unknown = JSON.parse(text)
    return isJwk(jwk) ? jwk : undefined
  } catch {
    return undefined
  }
}

function isJwk(value: unknown): value is PrivateJwk {
  return typeof value === 'object' && value !== null && 'kty' in value
}
