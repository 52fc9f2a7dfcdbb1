import {
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  exportPKCS8,
  exportSPKI,
  generateKeyPair,
} from 'jose'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/refusal/configuration-error.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import {
  signToken,
  type SigningAlgorithm,
  type SignTokenOptions,
} from '../../../src/verify/sign-token.ts'
import type { PrivateJwk } from '../../../src/verify/signing-key.ts'
import { AUDIENCE, ISSUER, SECRET } from '../../support/mint-token.ts'
import { NOW, verdictOf } from './verdict.ts'

const LONG_SECRET = 'a-secret-that-is-as-long-as-the-hash-of-HS512-which-is-64-bytes!'
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: NOW, exp: NOW + 60 }
const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'] as const

const rsa = generateKeyPair('RS256', { extractable: true })

/** One RSA key serves all three algorithms: making one takes long, and the tests export it. */
function keyPairFor(algorithm: (typeof ASYMMETRIC)[number]): ReturnType<typeof generateKeyPair> {
  return algorithm.startsWith('RS') ? rsa : generateKeyPair(algorithm, { extractable: true })
}

describe('what signToken signs, jwt accepts', () => {
  it.for(['HS256', 'HS384', 'HS512'] as const)('%s with a secret', async (algorithm) => {
    const token = await signToken(CLAIMS, { secret: LONG_SECRET, algorithm })
    const verifier = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      secret: LONG_SECRET,
      algorithms: [algorithm],
    })
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: algorithm })
    expect(await verdictOf(verifier, token)).toBe('ok')
  })

  it.for(
    ASYMMETRIC.flatMap((algorithm) =>
      ['PEM', 'JWK', 'JWK without alg'].map((form) => [algorithm, form] as const),
    ),
  )('%s with a private key as %s', async ([algorithm, form]) => {
    const { publicKey, privateKey } = await keyPairFor(algorithm)
    const jwk = (await exportJWK(privateKey)) as PrivateJwk
    const options: SignTokenOptions =
      form === 'JWK'
        ? { privateKey: { ...jwk, alg: algorithm, kid: 'k1', use: 'sig', key_ops: ['sign'] } }
        : {
            privateKey: form === 'PEM' ? await exportPKCS8(privateKey) : jwk,
            algorithm,
            kid: 'k1',
          }
    const token = await signToken(CLAIMS, options)
    const verifier = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      publicKey: await exportSPKI(publicKey),
      algorithms: [algorithm],
    })
    expect(decodeProtectedHeader(token)).toEqual({ typ: 'JWT', alg: algorithm, kid: 'k1' })
    expect(await verdictOf(verifier, token)).toBe('ok')
  })
})

describe('the claims', () => {
  it('are what was given, and what the options add', async () => {
    const token = await signToken(
      { sub: 'alice', iat: NOW, role: 'admin' },
      { secret: SECRET, issuer: ISSUER, audience: [AUDIENCE, 'other'], expiresInSeconds: 60 },
    )
    expect(decodeJwt(token)).toEqual({
      iss: ISSUER,
      aud: [AUDIENCE, 'other'],
      sub: 'alice',
      iat: NOW,
      exp: expect.any(Number) as number,
      role: 'admin',
    })
  })

  it('end as many seconds from now as expiresInSeconds says', async () => {
    const before = Math.floor(Date.now() / 1000)
    const options = { secret: SECRET, issuer: ISSUER, expiresInSeconds: 60 }
    const { iat = 0, exp } = decodeJwt(await signToken({ sub: 'alice' }, options))
    expect(exp).toBe(iat + 60)
    expect(iat).toBeGreaterThanOrEqual(before)
  })

  it('are left alone, and so are the options', async () => {
    const claims = Object.freeze({ iss: ISSUER, sub: 'alice', exp: NOW })
    const options = Object.freeze({ secret: SECRET })
    await signToken(claims, options)
    expect(claims).toEqual({ iss: ISSUER, sub: 'alice', exp: NOW })
  })

  it('may end in the past: a test of an expired token needs one', async () => {
    const token = await signToken({ ...CLAIMS, iat: 1, exp: 2 }, { secret: SECRET })
    const verifier = jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET })
    expect(await verdictOf(verifier, token)).toBe('token_expired')
  })

  it.for<[named: string, claims: Readonly<Record<string, unknown>>]>([
    ['exp', { exp: undefined }],
    ['exp', { exp: null }],
    ['exp', { exp: '1900000000' }],
    ['exp', { exp: NOW * 1000 }],
    ['exp', { exp: Number.NaN }],
    ['exp', { exp: Number.POSITIVE_INFINITY }],
    ['iss', { iss: undefined }],
    ['iss', { iss: '' }],
    ['sub', { sub: undefined }],
    ['sub', { sub: 7 }],
    ['iat', { iat: NOW * 1000 }],
    ['nbf', { nbf: 'now' }],
    ['claims', { data: 'x'.repeat(8192) }],
    ['claims', { data: 'x'.repeat(6000) }],
  ])('are refused where %s is missing or wrong', async ([named, claims]) => {
    const signing = signToken({ ...CLAIMS, ...claims }, { secret: SECRET })
    await expect(signing).rejects.toThrow(ConfigurationError)
    await expect(signing).rejects.toThrow(new RegExp(`^${named}: `))
  })
})

async function privateKeyOf(algorithm: string): Promise<string> {
  return exportPKCS8((await generateKeyPair(algorithm, { extractable: true })).privateKey)
}

describe('the options', () => {
  it.for<[named: string, options: () => Promise<object> | object]>([
    ['secret, privateKey', () => ({})],
    [
      'secret, privateKey',
      async () => ({ secret: SECRET, privateKey: await privateKeyOf('ES256') }),
    ],
    ['secret', () => ({ secret: undefined })],
    ['secret', () => ({ secret: 'x'.repeat(31) })],
    ['secret', () => ({ secret: SECRET, algorithm: 'HS512' })],
    ['secret', async () => ({ secret: await privateKeyOf('ES256') })],
    ['privateKey', () => ({ privateKey: 'no PEM', algorithm: 'ES256' })],
    ['privateKey', async () => ({ privateKey: await publicPem(), algorithm: 'ES256' })],
    ['privateKey', async () => ({ privateKey: await privateKeyOf('ES384'), algorithm: 'ES256' })],
    ['privateKey', async () => ({ privateKey: await privateKeyOf('ES256'), algorithm: 'RS256' })],
    ['privateKey', async () => ({ privateKey: await weakKey(), algorithm: 'RS256' })],
    ['privateKey', async () => ({ privateKey: await publicJwk(), algorithm: 'ES256' })],
    ['algorithm', async () => ({ privateKey: await privateKeyOf('ES256') })],
    ['algorithm', async () => ({ privateKey: await privateKeyOf('PS256'), algorithm: 'PS256' })],
    ['algorithm', async () => ({ privateKey: await privateKeyOf('Ed25519'), algorithm: 'EdDSA' })],
    ['algorithm', async () => ({ privateKey: await privateKeyOf('ES256'), algorithm: 'HS256' })],
    ['algorithm', () => ({ secret: SECRET, algorithm: 'ES256' })],
    ['algorithm', () => ({ secret: SECRET, algorithm: 'none' })],
    ['expiresInSeconds', () => ({ secret: SECRET, expiresInSeconds: 0 })],
    ['expiresInSeconds', () => ({ secret: SECRET, expiresInSeconds: 0.5 })],
    ['expiresInSeconds', () => ({ secret: SECRET, expiresInSeconds: '60' })],
    ['exp', () => ({ secret: SECRET, expiresInSeconds: 60 })],
    ['iss', () => ({ secret: SECRET, issuer: 'https://other.example' })],
    ['aud', () => ({ secret: SECRET, audience: 'other' })],
    ['kid', () => ({ secret: SECRET, kid: '' })],
    ['expiresIn', () => ({ secret: SECRET, expiresIn: '2h' })],
  ])('are refused where %s is wrong', async ([named, options]) => {
    const wrong = (await options()) as SignTokenOptions
    const error: unknown = await signToken(CLAIMS, wrong).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConfigurationError)
    expect(String(error)).toMatch(new RegExp(`^ConfigurationError: ${named}: `))
    for (const value of Object.values(wrong).map(String)) {
      if (value.length > 20) expect(String(error)).not.toContain(value.slice(-20))
    }
  })

  it('do not let a JWK be used for another algorithm than its own', async () => {
    const { privateKey } = await rsa
    const jwk = { ...((await exportJWK(privateKey)) as PrivateJwk), alg: 'RS256' }
    const algorithm: SigningAlgorithm = 'RS512'
    await expect(signToken(CLAIMS, { privateKey: jwk, algorithm })).rejects.toThrow(/^algorithm: /)
  })
})

async function publicPem(): Promise<string> {
  return exportSPKI((await generateKeyPair('ES256', { extractable: true })).publicKey)
}

async function publicJwk(): Promise<PrivateJwk> {
  return (await exportJWK(
    (await generateKeyPair('ES256', { extractable: true })).publicKey,
  )) as PrivateJwk
}

async function weakKey(): Promise<string> {
  const { privateKey } = (await crypto.subtle.generateKey(
    {
      name: 'RSASSA-PKCS1-v1_5',
      modulusLength: 1024,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: 'SHA-256',
    },
    true,
    ['sign', 'verify'],
  )) as CryptoKeyPair
  return exportPKCS8(privateKey)
}
