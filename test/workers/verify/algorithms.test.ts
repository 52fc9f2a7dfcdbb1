import { exportJWK, exportSPKI, generateKeyPair, type CryptoKey as JoseKey } from 'jose'
import { describe, expect, it } from 'vitest'
import { jwt } from '../../../src/verify/jwt.ts'
import type { Algorithm } from '../../../src/verify/algorithms.ts'
import type { Jwk } from '../../../src/verify/checked-jwk.ts'
import type { JwtIssuerOptions } from '../../../src/verify/jwt-options.ts'
import { mintToken } from '../../support/mint-token.ts'
import { contextAt, NOW, verdictOf } from './verdict.ts'

const issuer = 'https://issuer.example'
const claims = { aud: undefined, iat: NOW, exp: NOW + 60 }

/** Another character in the signature's middle, where every bit counts. */
function withChangedSignature(token: string): string {
  const at = token.lastIndexOf('.') + 10
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1)
}

describe('a shared secret', () => {
  const secret = 'x'.repeat(64)

  it.for(['HS256', 'HS384', 'HS512'] as const)(
    'verifies %s and refuses a changed signature',
    async (alg) => {
      const verifier = jwt({ issuer, secret, algorithms: [alg] })
      const token = await mintToken(claims, { key: new TextEncoder().encode(secret), alg })
      expect(await verdictOf(verifier, token)).toBe('ok')
      expect(await verdictOf(verifier, withChangedSignature(token))).toBe('token_invalid')
    },
  )
})

const PUBLIC_KEY_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const satisfies readonly Algorithm[]

describe.for(PUBLIC_KEY_ALGORITHMS)('%s', (alg) => {
  const pair = generateKeyPair(alg, { extractable: true })

  async function publicJwk(key: JoseKey): Promise<Jwk> {
    return { ...((await exportJWK(key)) as Jwk), alg, kid: 'k1', use: 'sig' }
  }

  it.for(['a PEM', 'a JWK', 'a key set'])('verifies by %s', async (form) => {
    const { publicKey, privateKey } = await pair
    const jwk = await publicJwk(publicKey)
    const options: Readonly<Record<string, JwtIssuerOptions>> = {
      'a PEM': { issuer, publicKey: await exportSPKI(publicKey), algorithms: [alg] },
      'a JWK': { issuer, publicKey: jwk },
      'a key set': { issuer },
    }
    const verifier = jwt(options[form] ?? [])
    const context = {
      ...contextAt(NOW),
      fetch: () => Promise.resolve(Response.json({ keys: [jwk] })),
    }
    const token = await mintToken(claims, { key: privateKey, alg, header: { kid: 'k1' } })
    expect(await verdictOf(verifier, token, context)).toBe('ok')
    expect(await verdictOf(verifier, withChangedSignature(token), context)).toBe('token_invalid')
  })

  it('refuses a token of another key', async () => {
    const { publicKey } = await pair
    const other = await generateKeyPair(alg)
    const verifier = jwt({ issuer, publicKey: await publicJwk(publicKey) })
    const token = await mintToken(claims, { key: other.privateKey, alg, header: { kid: 'k1' } })
    expect(await verdictOf(verifier, token)).toBe('token_invalid')
  })
})

describe('a key is bound to one algorithm', () => {
  it.for([
    { bound: 'RS256', used: 'RS512' },
    { bound: 'RS256', used: 'PS256' },
    { bound: 'PS512', used: 'RS512' },
    { bound: 'PS256', used: 'PS384' },
  ] as const)('refuses $used by a key for $bound', async ({ bound, used }) => {
    const { publicKey, privateKey } = await generateKeyPair(bound, { extractable: true })
    const jwk = (await exportJWK(publicKey)) as Jwk
    const { alg: _, ...unbound } = await exportJWK(privateKey)
    const verifier = jwt({ issuer, publicKey: { ...jwk, alg: bound } })
    const token = await mintToken(claims, { key: await importAs(unbound, used), alg: used })
    expect(await verdictOf(jwt({ issuer, publicKey: { ...jwk, alg: used } }), token)).toBe('ok')
    expect(await verdictOf(verifier, token)).toBe('token_invalid')
  })

  it.for([
    { kty: 'RSA', generated: 'RS256', accepted: 'RS256', refused: 'PS256' },
    { kty: 'RSA', generated: 'RS256', accepted: 'RS256', refused: 'RS512' },
  ] as const)(
    'reads an $kty key without alg as $accepted, not $refused',
    async ({ generated, accepted, refused }) => {
      const { publicKey, privateKey } = await generateKeyPair(generated, { extractable: true })
      const verifier = jwt({ issuer, publicKey: await exportSPKI(publicKey) })
      const jwk = await exportJWK(privateKey)
      const mint = async (alg: string) => mintToken(claims, { key: await importAs(jwk, alg), alg })
      expect(await verdictOf(verifier, await mint(accepted))).toBe('ok')
      expect(await verdictOf(verifier, await mint(refused))).toBe('token_invalid')
    },
  )

  it.for([
    { algorithm: 'HS256', other: 'HS512' },
    { algorithm: 'HS512', other: 'HS256' },
  ] as const)('refuses $other with a secret for $algorithm', async ({ algorithm, other }) => {
    const secret = 's'.repeat(64)
    const verifier = jwt({ issuer, secret, algorithms: [algorithm] })
    const token = await mintToken(claims, { key: new TextEncoder().encode(secret), alg: other })
    expect(await verdictOf(verifier, token)).toBe('token_invalid')
  })
})

/** A private RSA key, whatever it was generated for, as a key for `alg`. */
async function importAs(jwk: object, alg: string): Promise<CryptoKey> {
  const { kty, n, e, d, p, q, dp, dq, qi } = jwk as Record<string, string>
  const material = { kty, n, e, d, p, q, dp, dq, qi } as unknown as JsonWebKey
  const name = alg.startsWith('PS') ? 'RSA-PSS' : 'RSASSA-PKCS1-v1_5'
  const params = { name, hash: `SHA-${alg.slice(2)}` }
  return crypto.subtle.importKey('jwk', material, params, false, ['sign'])
}
