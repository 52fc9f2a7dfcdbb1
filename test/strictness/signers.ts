import { createPublicKey } from 'node:crypto'
import { exportJWK, exportSPKI, generateKeyPair, type CryptoKey, type JWK } from 'jose'

export const AUDIENCE = 'portico'
export const SECRET = 'a-secret-of-more-than-thirty-two-bytes'
export const SECRET_ISSUER = 'https://secret.example'
export const KEYS_ISSUER = 'https://keys.example'

/** One who signs tokens that are accepted. */
export interface Signer {
  readonly alg: 'HS256' | 'RS256' | 'PS256' | 'ES256' | 'EdDSA'
  readonly issuer: string
  readonly kid: string
  readonly sign: Sign
  /** Signs by the same algorithm with a key that nobody has configured. */
  readonly forge: Sign
  /** The public key; `undefined` for the secret. */
  readonly jwk: JWK | undefined
  readonly pem: string
}

type Sign = (text: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>

/** One signer for each algorithm: the first with a secret, the others with keys of one key set. */
export async function createSigners(): Promise<readonly Signer[]> {
  const secretSigner: Signer = {
    alg: 'HS256',
    issuer: SECRET_ISSUER,
    kid: 'secret',
    sign: await hmacOf(SECRET),
    forge: await hmacOf('another-secret-of-more-than-thirty-two-bytes'),
    jwk: undefined,
    pem: '',
  }
  const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'] as const
  return [secretSigner, ...(await Promise.all(algorithms.map(keySigner)))]
}

async function keySigner(alg: Exclude<Signer['alg'], 'HS256'>): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const attacker = await generateKeyPair(alg)
  const kid = `the-${alg}-key`
  return {
    alg,
    issuer: KEYS_ISSUER,
    kid,
    sign: signWith(alg, privateKey),
    forge: signWith(alg, attacker.privateKey),
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
    pem: await exportSPKI(publicKey),
  }
}

const PARAMS = {
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
  PS256: { name: 'RSA-PSS', saltLength: 32 },
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  EdDSA: { name: 'Ed25519' },
}

function signWith(alg: keyof typeof PARAMS, key: CryptoKey): Sign {
  return async (text) => new Uint8Array(await crypto.subtle.sign(PARAMS[alg], key, text))
}

export async function hmacOf(secret: string | Uint8Array<ArrayBuffer>): Promise<Sign> {
  const bytes = typeof secret === 'string' ? new TextEncoder().encode(secret) : secret
  const params = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes, params, false, ['sign'])
  return async (text) => new Uint8Array(await crypto.subtle.sign(params, key, text))
}

/** What everyone knows of a signer, in the forms that libraries have taken for an HMAC secret. */
export function publicTexts({
  jwk,
  pem,
}: Signer): readonly (readonly [name: string, secret: string | Uint8Array<ArrayBuffer>])[] {
  if (jwk === undefined) return [['nothing', '\0'.repeat(32)]]
  const der = createPublicKey(pem).export({ type: 'spki', format: 'der' })
  return [
    ['PEM', pem],
    ['trimmed PEM', pem.trim()],
    ['DER', Uint8Array.from(der)],
    ['DER in base64', der.toString('base64')],
    ['JWK', JSON.stringify(jwk)],
    ['modulus or coordinate', jwk.n ?? jwk.x ?? ''],
  ]
}
