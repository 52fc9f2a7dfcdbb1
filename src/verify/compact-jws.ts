import { isAlgorithm, type Algorithm } from './algorithms.ts'
import { decodeBase64url, fromBinary } from './base64url.ts'

/** A token that has the form of a signed JWT. Nothing in it is verified yet. */
export interface UnverifiedJws {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly type: string | undefined
  readonly payload: Readonly<Record<string, unknown>>
  readonly signedBytes: Uint8Array<ArrayBuffer>
  readonly signature: Uint8Array<ArrayBuffer>
}

const MAX_TOKEN_CHARACTERS = 8192
const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/

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
  const [, headerText = '', payloadText = '', signatureText = ''] = COMPACT.exec(token) ?? []
  const header = decodeJsonObject(headerText)
  if (header === undefined || 'crit' in header || 'b64' in header) return undefined
  const { alg, kid, typ } = header
  if (!isAlgorithm(alg)) return undefined
  if (kid !== undefined && typeof kid !== 'string') return undefined
  if (typ !== undefined && typeof typ !== 'string') return undefined
  const payload = decodeJsonObject(payloadText)
  const signature = decodeBase64url(signatureText)
  if (payload === undefined || signature === undefined) return undefined
  const signedBytes = fromBinary(`${headerText}.${payloadText}`)
  return { algorithm: alg, kid, type: typ, payload, signedBytes, signature }
}

function decodeJsonObject(segment: string): Record<string, unknown> | undefined {
  const bytes = decodeBase64url(segment)
  if (bytes === undefined) return undefined
  try {
    // A byte order mark is kept, so that it fails as JSON instead of vanishing.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    const value: unknown = JSON.parse(text)
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    // Without a prototype, a claim called `__proto__` or `constructor` is only a claim.
    return Object.assign(Object.create(null) as Record<string, unknown>, value)
  } catch {
    return undefined
  }
}
