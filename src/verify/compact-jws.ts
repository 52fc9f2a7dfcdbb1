import { isAlgorithm, type Algorithm } from './algorithms.ts'
import { decodeBase64url, decodeToBinary, fromBinary } from './base64url.ts'

/** A token that has the form of a signed JWT. Nothing in it is verified yet. */
export interface UnverifiedJws {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly type: string | undefined
  readonly header: Readonly<Record<string, unknown>>
  readonly payload: Readonly<Record<string, unknown>>
  readonly signedBytes: Uint8Array
  readonly signature: Uint8Array<ArrayBuffer>
}

export const MAX_TOKEN_CHARACTERS = 8192
const NOT_ASCII = /[\u0080-\u00ff]/
const encoder = new TextEncoder()
// A byte order mark is kept, so that it fails as JSON instead of vanishing.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses the compact serialisation (RFC 7515, section 7.1), stricter than the libraries: exactly
 * three canonical segments, UTF-8 that decodes without loss, objects as header and payload, no
 * `crit` (RFC 7515, section 4.1.11: what is critical and not understood must be refused).
 *
 * The length is checked before anything is decoded, so that a long token costs nothing. Of a name
 * that occurs twice in an object the last one counts, here and in every reader that parses JSON as
 * JavaScript does (RFC 7519, section 4).
 */
export function parseCompactJws(token: string): UnverifiedJws | undefined {
  if (token.length > MAX_TOKEN_CHARACTERS) return undefined
  // A dot too few or too many ends up in a segment, where no alphabet has it.
  const [first, last] = [token.indexOf('.'), token.lastIndexOf('.')]
  const signatureText = token.slice(last + 1)
  if (first === last || signatureText === '') return undefined
  const header = decodeJsonObject(token.slice(0, first))
  if (header === undefined || 'crit' in header || 'b64' in header) return undefined
  const { alg, kid, typ } = header
  if (!isAlgorithm(alg)) return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  if (typ !== undefined && typeof typ !== 'string') return undefined
  const payload = decodeJsonObject(token.slice(first + 1, last))
  const signature = decodeBase64url(signatureText)
  if (payload === undefined || signature === undefined) return undefined
  const signedBytes = encoder.encode(token.slice(0, last))
  return { algorithm: alg, kid, type: typ, header, payload, signedBytes, signature }
}

function decodeJsonObject(segment: string): Record<string, unknown> | undefined {
  const binary = decodeToBinary(segment)
  if (binary === undefined) return undefined
  try {
    const text = NOT_ASCII.test(binary) ? decoder.decode(fromBinary(binary)) : binary
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    // Without a prototype, a claim called `__proto__` or `constructor` is only a claim. Taken away
    // afterwards, since V8 freezes an object slowly that was made without one.
    return Object.setPrototypeOf(value, null) as Record<string, unknown>
  } catch {
    return undefined
  }
}
