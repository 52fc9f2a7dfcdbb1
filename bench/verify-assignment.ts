import { exportJWK, exportSPKI, generateKeyPair } from 'jose'
import type { Algorithm, Jwk } from '../src/portico.ts'
import { mintToken } from '../test/support/mint-token.ts'

export type ContestantName =
  | 'Portico, cold'
  | 'Portico, tokens remembered'
  | 'jose'
  | 'hono/jwt'
  | 'tsndr alone'
  | 'Clerk verifyToken'
  | 'Clerk verifyJwt'

/** What the Worker verifies: tokens of one algorithm, and the key in the forms that are asked for. */
export interface Assignment {
  readonly algorithm: Algorithm
  readonly jwk: Jwk
  readonly pem?: string
  readonly tokens: readonly string[]
}

// More than a million characters of them: so many tokens does Portico remember.
const TOKENS = 1800
const SECRET = 'a-secret-that-is-as-long-as-the-hash-of-HS512-which-is-64-bytes!'

/** About 440 bytes, as a Clerk session token with an organisation has. */
const CLAIMS = {
  azp: 'https://app.example.com',
  fea: 'o:articles,o:comments',
  fva: [12, -1],
  jti: 'a1b2c3d4e5f60718293a',
  o: { fpm: '3,1', id: 'org_2mYkJ8VQxN4Zt6', per: 'create,read,manage', rol: 'admin', slg: 'acme' },
  pla: 'o:team',
  role: 'authenticated',
  sid: 'sess_2mYkJ8VQxN4Zt6WpRcLbHd',
  sts: 'active',
  v: 2,
} as const

/** Distinct tokens of one issuer, signed with a new key. */
export async function assign(algorithm: Algorithm): Promise<Assignment> {
  const isHmac = algorithm.startsWith('HS')
  const bytes = new TextEncoder().encode(SECRET)
  const pair = isHmac ? undefined : await keyPair(algorithm)
  const now = Math.floor(Date.now() / 1000)
  const times = { iat: now, nbf: now, exp: now + 3600 }
  const tokens = Array.from({ length: TOKENS }, (_, index) =>
    mintToken(
      { ...CLAIMS, ...times, sub: `user_2mYkJ8VQxN4Zt6WpRcLb${index}` },
      { key: pair?.privateKey ?? bytes, alg: algorithm, header: { kid: 'ins_2mYkJ8VQxN4Zt6' } },
    ),
  )
  const jwk: object =
    pair === undefined
      ? { kty: 'oct', k: Buffer.from(bytes).toString('base64url') }
      : { ...(await exportJWK(pair.publicKey)), kid: 'ins_2mYkJ8VQxN4Zt6' }
  return {
    algorithm,
    jwk: jwk as Jwk,
    ...(pair === undefined ? {} : { pem: await exportSPKI(pair.publicKey) }),
    tokens: await Promise.all(tokens),
  }
}

function keyPair(algorithm: Algorithm) {
  return generateKeyPair(algorithm, {
    extractable: true,
    ...(algorithm === 'EdDSA' ? { crv: 'Ed25519' } : {}),
  })
}

/** Those that know the algorithm: tsndr has neither PSS nor EdDSA, Clerk reads a PEM for RS256 only. */
export function contestantsFor(algorithm: Algorithm): readonly ContestantName[] {
  const isKnownToTsndr = /^(?:HS|RS|ES)/.test(algorithm)
  return [
    'Portico, cold',
    'Portico, tokens remembered',
    'jose',
    'hono/jwt',
    ...(isKnownToTsndr ? (['tsndr alone'] as const) : []),
    ...(algorithm === 'RS256' ? (['Clerk verifyToken', 'Clerk verifyJwt'] as const) : []),
  ]
}
