import { isAlgorithm, ruleOf, type Algorithm } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'

/** A public key or secret as RFC 7517 writes it. */
export interface Jwk {
  readonly kty: string
  readonly kid?: string
  readonly alg?: string
  readonly use?: string
  readonly key_ops?: readonly string[]
  readonly crv?: string
  readonly n?: string
  readonly e?: string
  readonly x?: string
  readonly y?: string
  readonly k?: string
  readonly d?: string
}

/** A JWK that passed every check which needs no import. */
export interface CheckedJwk {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly signatureBytes: number
  /** Only the numbers: members such as `alg` or `ext` make WebCrypto refuse or reinterpret a key. */
  readonly material: JsonWebKey
}

export interface Unusable {
  /** What is wrong with the key, without any of its value. */
  readonly unusable: string
}

/**
 * Checks a JWK by our own rules: workerd's WebCrypto imports keys whose `use`, `alg`, `crv` or
 * coordinates contradict the import, and small RSA keys.
 *
 * @param allowed the issuer's algorithms, `undefined` for every asymmetric one
 */
export function checkJwk(
  jwk: unknown,
  allowed: readonly Algorithm[] | undefined,
): CheckedJwk | Unusable {
  if (!isJwk(jwk)) return { unusable: 'it is not a JWK' }
  const algorithm = algorithmOf(jwk, allowed)
  if (algorithm === undefined)
    return { unusable: 'its algorithm is unknown, ambiguous or not allowed' }
  if (jwk.use !== undefined && jwk.use !== 'sig') return { unusable: 'its use is not "sig"' }
  if (jwk.key_ops !== undefined && !jwk.key_ops.includes('verify')) {
    return { unusable: 'its key_ops do not include "verify"' }
  }
  if (jwk.d !== undefined) return { unusable: 'it is a private key' }
  const signatureBytes = signatureBytesOf(jwk, algorithm)
  if (typeof signatureBytes === 'string') return { unusable: signatureBytes }
  return { algorithm, kid: jwk.kid, signatureBytes, material: materialOf(jwk) }
}

/** A `Jwk` of untrusted JSON, as far as the checks here rely on its types. */
function isJwk(value: unknown): value is Jwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { key_ops, ...members } = value as Record<string, unknown>
  const texts = ['kid', 'alg', 'use', 'crv', 'n', 'e', 'x', 'y', 'k', 'd'] as const
  return (
    typeof members['kty'] === 'string' &&
    texts.every((name) => members[name] === undefined || typeof members[name] === 'string') &&
    (key_ops === undefined ||
      (Array.isArray(key_ops) && key_ops.every((operation) => typeof operation === 'string')))
  )
}

/** The algorithm that the key itself fixes; where it leaves a choice, the issuer must have made it. */
function algorithmOf(jwk: Jwk, allowed: readonly Algorithm[] | undefined): Algorithm | undefined {
  // RFC 9864 writes Ed25519 where RFC 8037 wrote EdDSA.
  const named = jwk.alg === 'Ed25519' ? 'EdDSA' : jwk.alg
  const fits = (algorithm: Algorithm) => {
    const { kty, crv } = ruleOf(algorithm)
    return kty === jwk.kty && (crv === undefined || crv === jwk.crv)
  }
  if (named !== undefined) {
    if (!isAlgorithm(named) || !fits(named)) return undefined
    if (allowed === undefined) return jwk.kty === 'oct' ? undefined : named
    return allowed.includes(named) ? named : undefined
  }
  const [only, ...others] = (allowed ?? UNNAMED_DEFAULTS).filter(fits)
  return others.length === 0 ? only : undefined
}

/** What a key without `alg` means where the issuer names no algorithms. */
const UNNAMED_DEFAULTS: readonly Algorithm[] = ['RS256', 'ES256', 'ES384', 'ES512', 'EdDSA']

const COORDINATE_BYTES: Readonly<Record<string, number>> = {
  'P-256': 32,
  'P-384': 48,
  'P-521': 66,
  Ed25519: 32,
}

/** The length that a signature of this key must have, or what is wrong with the key. */
function signatureBytesOf(jwk: Jwk, algorithm: Algorithm): number | string {
  const { kty, crv = '', minSecretBytes = 0 } = ruleOf(algorithm)
  if (kty === 'RSA') {
    const bits = modulusBits(jwk.n)
    // 65537 is what every issuer uses; exponent 1 makes any signature valid.
    if (jwk.e !== 'AQAB') return 'its RSA exponent is not 65537'
    if (bits < 2048 || bits > 4096) return 'its RSA modulus is not of 2048 to 4096 bits'
    return Math.ceil(bits / 8)
  }
  if (kty === 'oct') {
    const secret = decodeBase64url(jwk.k ?? '')
    if (secret === undefined) return 'its k is not base64url'
    if (secret.length < minSecretBytes) return `it is shorter than ${minSecretBytes} bytes`
    return minSecretBytes
  }
  // RFC 7518, section 6.2.1.2: of full length. workerd also imports longer and padded ones.
  const bytes = COORDINATE_BYTES[crv]
  const coordinates = kty === 'EC' ? [jwk.x, jwk.y] : [jwk.x]
  const areWhole = coordinates.every((text) => decodeBase64url(text ?? '')?.length === bytes)
  if (bytes === undefined || !areWhole) return 'its coordinates are not of the length of its curve'
  return bytes * 2
}

function modulusBits(n: string | undefined): number {
  const bytes = decodeBase64url(n ?? '')
  const first = bytes?.findIndex((byte) => byte !== 0) ?? -1
  if (bytes === undefined || first === -1) return 0
  return (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}

function materialOf({ kty, crv, n, e, x, y, k }: Jwk): JsonWebKey {
  return Object.fromEntries(
    Object.entries({ kty, crv, n, e, x, y, k }).filter(([, value]) => value !== undefined),
  ) as unknown as JsonWebKey
}
