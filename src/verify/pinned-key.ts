import { algorithms, isAlgorithm, ruleOf, type Algorithm } from './algorithms.ts'
import { decodeBase64url } from './base64url.ts'

/** A key bound to one algorithm for good: the token's header only ever selects among such keys. */
export interface PinnedKey {
  readonly algorithm: Algorithm
  readonly kid: string | undefined
  readonly key: CryptoKey
  readonly signatureBytes: number
  /** Same text, same key: tells whether a refreshed key set still holds this one. */
  readonly fingerprint: string
}

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

type Pinned = { readonly key: PinnedKey } | { readonly unusable: string }

/**
 * Imports a JWK for verifying, after checks of our own: workerd's WebCrypto accepts keys whose
 * `use`, `alg` or `crv` contradict the import, and small RSA keys.
 *
 * @param allowed the issuer's algorithms, `undefined` for every asymmetric one
 */
export async function pinJwk(jwk: Jwk, allowed: readonly Algorithm[] | undefined): Promise<Pinned> {
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
  const material = materialOf(jwk)
  try {
    const { importParams } = ruleOf(algorithm)
    const key = await crypto.subtle.importKey('jwk', material, importParams, false, ['verify'])
    const fingerprint = JSON.stringify([algorithm, jwk.kid, material])
    return { key: { algorithm, kid: jwk.kid, key, signatureBytes, fingerprint } }
  } catch {
    return { unusable: 'its numbers are not a key' }
  }
}

/** A `Jwk` of untrusted JSON, checked as far as `pinJwk` relies on its types. */
export function isJwk(value: unknown): value is Jwk {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { key_ops, ...members } = value as Record<string, unknown>
  const texts = ['kty', 'kid', 'alg', 'use', 'crv', 'n', 'e', 'x', 'y', 'k', 'd'] as const
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

/** The length that a signature of this key must have, or what is wrong with the key. */
function signatureBytesOf(jwk: Jwk, algorithm: Algorithm): number | string {
  const { kty, minSecretBytes = 0 } = algorithms[algorithm] as ReturnType<typeof ruleOf>
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
  if (kty === 'OKP') return 64
  return { 'P-256': 64, 'P-384': 96, 'P-521': 132 }[jwk.crv ?? ''] ?? 'its curve is unknown'
}

function modulusBits(n: string | undefined): number {
  const bytes = decodeBase64url(n ?? '')
  const first = bytes?.findIndex((byte) => byte !== 0) ?? -1
  if (bytes === undefined || first === -1) return 0
  return (bytes.length - first) * 8 - Math.clz32(bytes[first] ?? 0) + 24
}

/** Only the numbers: members such as `alg`, `ext` or `key_ops` make WebCrypto refuse or reinterpret. */
function materialOf({ kty, crv, n, e, x, y, k }: Jwk): JsonWebKey {
  return Object.fromEntries(
    Object.entries({ kty, crv, n, e, x, y, k }).filter(([, value]) => value !== undefined),
  ) as unknown as JsonWebKey
}
