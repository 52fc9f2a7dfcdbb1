import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Algorithm } from './algorithms.ts'
import { encodeBase64url, fromBinary } from './base64url.ts'
import { isJwk, pinJwk, type Jwk, type PinnedKey } from './pinned-key.ts'

/**
 * Pins a key that the configuration gives as PEM (`BEGIN PUBLIC KEY`) or as a JWK.
 *
 * @throws ConfigurationError that says what is wrong with the key
 */
export async function pinPublicKey(
  key: string | Jwk,
  allowed: readonly Algorithm[] | undefined,
): Promise<PinnedKey> {
  const jwk = typeof key === 'string' ? await jwkOfPem(key) : key
  if (!isJwk(jwk) || jwk.kty === 'oct')
    throw new ConfigurationError('it is neither a PEM nor a public JWK')
  return usable(await pinJwk(jwk, allowed))
}

/**
 * Pins a shared secret, read as UTF-8.
 *
 * @throws ConfigurationError where the secret is shorter than the algorithm's hash
 */
export async function pinSecret(secret: string, algorithm: Algorithm): Promise<PinnedKey> {
  const k = encodeBase64url(new TextEncoder().encode(secret))
  return usable(await pinJwk({ kty: 'oct', k }, [algorithm]))
}

function usable(pinned: Awaited<ReturnType<typeof pinJwk>>): PinnedKey {
  if ('unusable' in pinned) throw new ConfigurationError(pinned.unusable)
  return pinned.key
}

const PEM = /^\s*-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/

/** What an SPKI's algorithm identifier begins with (RFC 3279, 5480 and 8410), in hex. */
const SPKI_ALGORITHMS: readonly (readonly [hex: string, params: SubtleCryptoImportKeyAlgorithm])[] =
  [
    ['06092a864886f70d010101', { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }],
    ['06072a8648ce3d020106082a8648ce3d030107', { name: 'ECDSA', namedCurve: 'P-256' }],
    ['06072a8648ce3d020106052b81040022', { name: 'ECDSA', namedCurve: 'P-384' }],
    ['06072a8648ce3d020106052b81040023', { name: 'ECDSA', namedCurve: 'P-521' }],
    ['06032b6570', { name: 'Ed25519' }],
  ]

/** By way of a JWK, so that a PEM passes the same checks as a key of a key set. */
async function jwkOfPem(pem: string): Promise<Jwk> {
  const [, label, body = ''] = PEM.exec(pem.replaceAll('\\n', '\n')) ?? []
  if (label !== 'PUBLIC KEY') {
    throw new ConfigurationError(
      label === undefined
        ? 'it is not a PEM'
        : `it is a "${label}" PEM; a "PUBLIC KEY" PEM is needed`,
    )
  }
  const der = fromBinary(atob(body.replace(/\s/g, '')))
  const start = Array.from(der.subarray(0, 40), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
  const params = SPKI_ALGORITHMS.find(([identifier]) => start.includes(identifier))?.[1]
  if (params === undefined) throw new ConfigurationError('its algorithm is unknown')
  const key = await crypto.subtle.importKey('spki', der, params, true, ['verify'])
  const { kty, crv, n, e, x, y } = (await crypto.subtle.exportKey('jwk', key)) as Jwk
  const members = Object.entries({ kty, crv, n, e, x, y })
  return Object.fromEntries(members.filter(([, value]) => value !== undefined)) as unknown as Jwk
}
