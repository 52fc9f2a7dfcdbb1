import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Algorithm } from './algorithms.ts'
import { encodeBase64url } from './base64url.ts'
import { checkJwk, type Jwk, type Unusable } from './checked-jwk.ts'
import { decodePem } from './pem.ts'
import { pinKey, type PinnedKey } from './pinned-key.ts'

/** Imports a key of the configuration that was checked as far as a Worker's start allows. */
export type ConfiguredKey = () => Promise<PinnedKey>

/**
 * Reads a key that the configuration gives as PEM (`BEGIN PUBLIC KEY`) or as a JWK.
 *
 * @throws ConfigurationError that says what is wrong with the key, now or when it is imported
 */
export function publicKey(
  key: string | Jwk,
  allowed: readonly Algorithm[] | undefined,
): ConfiguredKey {
  if (typeof key === 'string') {
    const spki = readPem(key)
    // By way of a JWK, so that a PEM passes the same checks as a key of a key set.
    return async () => pin(checkJwk(await exportJwk(spki), allowed))
  }
  const checked = usable(checkJwk(key, allowed))
  return () => pin(checked)
}

/**
 * Reads an HMAC secret, as UTF-8.
 *
 * @throws ConfigurationError where the secret is shorter than the algorithm's hash, or no secret
 */
export function hmacSecret(secret: string, algorithm: Algorithm): ConfiguredKey {
  const checked = usable(checkJwk(secretAsJwk(secret), [algorithm]))
  return () => pin(checked)
}

/** @throws ConfigurationError where the secret is no secret */
export function secretAsJwk(secret: string): Jwk {
  // Taken as a secret, a public key lets everyone who knows it sign: the classic confusion.
  if (/^\s*(?:-----BEGIN |\{.*"kty")/s.test(secret)) {
    throw new ConfigurationError('it is a PEM or a JWK, not a secret')
  }
  return { kty: 'oct', k: encodeBase64url(new TextEncoder().encode(secret)) }
}

async function pin(checked: Parameters<typeof pinKey>[0] | Unusable): Promise<PinnedKey> {
  return usable(await pinKey(usable(checked)))
}

function usable<T extends object>(outcome: T | Unusable): T {
  if ('unusable' in outcome) throw new ConfigurationError(outcome.unusable)
  return outcome
}

interface Spki {
  readonly der: Uint8Array<ArrayBuffer>
  readonly params: SubtleCryptoImportKeyAlgorithm
}

/** What an SPKI's algorithm identifier begins with (RFC 3279, 5480 and 8410), in hex. */
const SPKI_ALGORITHMS: readonly (readonly [hex: string, params: SubtleCryptoImportKeyAlgorithm])[] =
  [
    ['06092a864886f70d010101', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
    ['06072a8648ce3d020106082a8648ce3d030107', { name: 'ECDSA', namedCurve: 'P-256' }],
    ['06072a8648ce3d020106052b81040022', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['06072a8648ce3d020106052b81040023', { name: 'ECDSA', namedCurve: 'P-521' }],
    ['06032b6570', { name: 'Ed25519' }],
  ]

function readPem(pem: string): Spki {
  const der = decodePem(pem, 'PUBLIC KEY')
  const start = Array.from(der.subarray(0, 40), (byte) => byte.toString(16).padStart(2, '0'))
  const params = SPKI_ALGORITHMS.find(([identifier]) => start.join('').includes(identifier))?.[1]
  if (params === undefined) throw new ConfigurationError('its algorithm is unknown')
  return { der, params }
}

async function exportJwk({ der, params }: Spki): Promise<Jwk> {
  const key = await crypto.subtle.importKey('spki', der, params, true, ['verify'])
  const { kty, crv, n, e, x, y } = (await crypto.subtle.exportKey('jwk', key)) as Jwk
  const members = Object.entries({ kty, crv, n, e, x, y })
  return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as unknown as Jwk
}
