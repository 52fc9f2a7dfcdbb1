import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/refusal/configuration-error.ts'
import type { Jwk } from '../../../src/verify/checked-jwk.ts'
import { TokenRefusedError, verifyToken } from '../../../src/verify/verify-token.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../../support/mint-token.ts'

const options = { issuer: ISSUER, audience: AUDIENCE, secret: SECRET }

async function refusalOf(token: string): Promise<unknown> {
  return verifyToken(token, options).then(
    () => 'accepted',
    (error: unknown) => error,
  )
}

describe('verifyToken', () => {
  it('gives the claims, with the registered ones typed', async () => {
    const claims = await verifyToken(await mintToken({ role: 'admin', jti: 't1' }), options)
    const subject: string = claims.sub
    const tokenId: string | undefined = claims.jti
    expect([subject, tokenId, claims['role']]).toEqual(['alice', 't1', 'admin'])
  })

  it.for<[code: string, token: () => Promise<string>]>([
    ['token_expired', () => mintToken({ iat: 0, exp: 1 })],
    ['token_invalid', () => mintToken({ iss: 'https://other.example' })],
    ['token_invalid', () => mintToken({ aud: 'other' })],
    ['token_invalid', () => mintToken({}, { key: new TextEncoder().encode('x'.repeat(32)) })],
    ['token_malformed', () => Promise.resolve('no token')],
    ['token_malformed', () => Promise.resolve('')],
    ['credential_missing', () => Promise.resolve(null as unknown as string)],
    ['credential_missing', () => Promise.resolve(undefined as unknown as string)],
  ])('throws a TokenRefusedError with the code %s', async ([code, token]) => {
    const error = await refusalOf(await token())
    expect(error).toBeInstanceOf(TokenRefusedError)
    expect(error).toMatchObject({ code, refusal: { code } })
  })

  it('never quotes the token', async () => {
    const token = await mintToken({ iat: 0, exp: 1 })
    const error = await refusalOf(token)
    expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(token.slice(0, 20))
  })

  it.for<[option: string, options: object]>([
    ['issuer', { issuer: undefined }],
    ['secret', { issuer: ISSUER, secret: 'short' }],
    ['secret', { issuer: ISSUER, secret: undefined }],
    ['publicKey', { issuer: ISSUER, publicKey: 'no PEM' }],
    ['publicKey', { issuer: ISSUER, publicKey: onNoCurve() }],
  ])('throws a ConfigurationError that names %s', async ([option, wrong]) => {
    const { privateKey } = await generateKeyPair('ES256')
    const token = await mintToken({}, { key: privateKey, alg: 'ES256' })
    const verifying = verifyToken(token, wrong as Parameters<typeof verifyToken>[1])
    await expect(verifying).rejects.toThrow(ConfigurationError)
    await expect(verifyToken(token, wrong as Parameters<typeof verifyToken>[1])).rejects.toThrow(
      new RegExp(`^${option}: `),
    )
  })

  it('keeps options apart that differ', async () => {
    const token = await mintToken()
    await expect(verifyToken(token, options)).resolves.toBeDefined()
    await expect(verifyToken(token, { ...options, audience: 'other' })).rejects.toThrow(
      TokenRefusedError,
    )
    await expect(verifyToken(token, { ...options, secret: 'x'.repeat(32) })).rejects.toThrow(
      TokenRefusedError,
    )
  })

  it('accepts a JWK as key', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const token = await mintToken({ aud: undefined }, { key: privateKey, alg: 'ES256' })
    const jwk = (await exportJWK(publicKey)) as Jwk
    await expect(verifyToken(token, { issuer: ISSUER, publicKey: jwk })).resolves.toMatchObject({
      sub: 'alice',
    })
  })
})

function onNoCurve(): Jwk {
  const coordinate = `${'A'.repeat(42)}E`
  return { kty: 'EC', crv: 'P-256', x: coordinate, y: coordinate }
}
