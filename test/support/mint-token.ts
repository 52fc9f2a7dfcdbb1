import { SignJWT, type JWTPayload } from 'jose'

export const ISSUER = 'https://issuer.example'
export const AUDIENCE = 'portico'
export const SECRET = 'a-secret-of-more-than-thirty-two-bytes'

interface Minting {
  /** Default: `SECRET` as an HS256 key. */
  readonly key?: CryptoKey | Uint8Array
  readonly alg?: string
  /** Changes to the header; `undefined` leaves a member out. */
  readonly header?: Readonly<Record<string, unknown>>
}

/**
 * A valid token, but for the claims that a case changes; `undefined` leaves a claim out. Times are
 * in seconds since the epoch.
 */
export async function mintToken(
  claims: Readonly<Record<string, unknown>> = {},
  { key = new TextEncoder().encode(SECRET), alg = 'HS256', header = {} }: Minting = {},
): Promise<string> {
  const now = Math.floor(Date.now() / 1000)
  const valid = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: now, exp: now + 60 }
  const payload: JWTPayload = withoutUndefined({ ...valid, ...claims })
  return new SignJWT(payload)
    .setProtectedHeader({ alg, ...withoutUndefined({ typ: 'JWT', ...header }) })
    .sign(key)
}

function withoutUndefined(record: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))
}
