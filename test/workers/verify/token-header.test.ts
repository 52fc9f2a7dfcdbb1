import { exportJWK, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Jwk } from '../../../src/verify/checked-jwk.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../../support/mint-token.ts'
import { rawToken } from './raw-token.ts'
import { contextAt, NOW, verdictOf } from './verdict.ts'

const HEADER = { alg: 'HS256', typ: 'JWT' }
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: NOW, exp: NOW + 60 }
const header = JSON.stringify(HEADER)
const payload = JSON.stringify(CLAIMS)
const verifier = jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET })

describe('header', () => {
  it.for([
    'none',
    'None',
    'NONE',
    'nOnE',
    '',
    'hs256',
    'HS256 ',
    'HS1',
    'constructor',
    '__proto__',
  ])('refuses alg %j, signed or not', async (alg) => {
    const token = await rawToken(JSON.stringify({ ...HEADER, alg }), payload)
    expect(await verdictOf(verifier, token)).toBe('token_invalid')
    const unsigned = token.slice(0, token.lastIndexOf('.') + 1)
    expect(await verdictOf(verifier, unsigned)).toBe('token_invalid')
  })

  it.for<[string, object]>([
    ['no alg', { alg: undefined }],
    ['alg null', { alg: null }],
    ['alg in an array', { alg: ['HS256'] }],
    ['an unknown crit', { crit: ['exp'], exp: NOW }],
    ['an empty crit', { crit: [] }],
    ['crit null', { crit: null }],
    ['b64 false', { b64: false }],
    ['b64 true', { b64: true }],
    ['b64 false, as critical', { b64: false, crit: ['b64'] }],
    ['kid as a number', { kid: 1 }],
    ['kid null', { kid: null }],
    ['typ as a number', { typ: 42 }],
    ['typ null', { typ: null }],
    ['typ in an array', { typ: ['JWT'] }],
  ])('refuses %s', async ([, members]) => {
    const token = await rawToken(JSON.stringify({ ...HEADER, ...members }), payload)
    expect(await verdictOf(verifier, token)).toBe('token_invalid')
  })

  it.for<[typ: string | undefined, code: string]>([
    [undefined, 'ok'],
    ['JWT', 'ok'],
    ['jwt', 'ok'],
    ['application/jwt', 'ok'],
    ['application/JWT', 'ok'],
    ['at+jwt', 'token_invalid'],
    ['application/at+jwt', 'token_invalid'],
    ['secevent+jwt', 'token_invalid'],
    ['dpop+jwt', 'token_invalid'],
    ['text/jwt', 'token_invalid'],
    ['application/application/jwt', 'token_invalid'],
    ['', 'token_invalid'],
    [' JWT', 'token_invalid'],
    ['JWS', 'token_invalid'],
  ])('typ %s: %s', async ([typ, code]) => {
    const token = await rawToken(JSON.stringify({ ...HEADER, typ }), payload)
    expect(await verdictOf(verifier, token)).toBe(code)
  })

  it('accepts the types that the issuer is configured with, and no other', async () => {
    const accessTokens = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      secret: SECRET,
      types: ['application/at+jwt'],
    })
    const access = await rawToken(JSON.stringify({ ...HEADER, typ: 'at+jwt' }), payload)
    expect(await verdictOf(accessTokens, access)).toBe('ok')
    expect(await verdictOf(accessTokens, await rawToken(header, payload))).toBe('token_invalid')
  })

  it.for(['jwk', 'jku', 'x5u', 'x5c'])('never looks at %s', async (member) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const own = await generateKeyPair('ES256', { extractable: true })
    const byKey = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      publicKey: (await exportJWK(own.publicKey)) as Jwk,
    })
    const values: Readonly<Record<string, unknown>> = {
      jwk: await exportJWK(publicKey),
      jku: 'https://attacker.example/jwks.json',
      x5u: 'https://attacker.example/cert.pem',
      x5c: ['MIIB'],
    }
    const fetched: unknown[] = []
    const context = {
      ...contextAt(NOW),
      fetch: (input: unknown) => {
        fetched.push(input)
        return Promise.reject(new Error('nothing is to be fetched here'))
      },
    }
    const mint = async (key: CryptoKey) =>
      mintToken(CLAIMS, { key, alg: 'ES256', header: { [member]: values[member] } })
    expect(await verdictOf(byKey, await mint(privateKey), context)).toBe('token_invalid')
    expect(await verdictOf(byKey, await mint(own.privateKey), context)).toBe('ok')
    expect(fetched).toEqual([])
  })
})
