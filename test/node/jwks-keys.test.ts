import { afterAll, beforeAll, expect, it } from 'vitest'
import { keySet } from '../support/key-set-server.ts'
import { mintToken } from '../support/mint-token.ts'
import {
  mintLasting,
  signingKey,
  startVerifier,
  type SigningKey,
} from '../support/start-verifier.ts'

// Which key of a set verifies a token that names the key `one`.

let verifier: Awaited<ReturnType<typeof startVerifier>>
let one: SigningKey
let two: SigningKey
let p384: SigningKey

beforeAll(async () => {
  verifier = await startVerifier()
  one = await signingKey('one')
  two = await signingKey('two')
  p384 = await signingKey('one', 'ES384')
})

afterAll(() => verifier.stop())

it.for<[name: string, keys: () => readonly unknown[], code: 'ok' | 'no']>([
  ['two keys have one kid and algorithm', () => [one.jwk, { ...two.jwk, kid: 'one' }], 'no'],
  ['another algorithm has the same kid', () => [one.jwk, p384.jwk], 'ok'],
  ['the key has no kid but the token has one', () => [{ ...one.jwk, kid: undefined }], 'no'],
  ['the key is beside one without kid', () => [one.jwk, { ...two.jwk, kid: undefined }], 'ok'],
  ['the set is empty', () => [], 'no'],
  ['the key is beside 31 others', () => [one.jwk, ...others(31)], 'ok'],
  ['the key is for encryption', () => [{ ...one.jwk, use: 'enc' }], 'no'],
  ['the key is for signing only', () => [{ ...one.jwk, key_ops: ['sign'] }], 'no'],
  ['the key names another algorithm', () => [{ ...one.jwk, alg: 'ES384' }], 'no'],
  ['the key names another curve', () => [{ ...one.jwk, crv: 'P-384' }], 'no'],
  ['the key is a private one', () => [{ ...one.jwk, d: one.jwk['x'] }], 'no'],
  [
    'the key is beside ones that cannot be used',
    () => [
      null,
      'text',
      [],
      {},
      { kty: 'oct', k: 'x'.repeat(64), kid: 'one', alg: 'HS256' },
      { kty: 'RSA', n: 'AQAB', e: 'AQAB', kid: 'one', alg: 'ES256' },
      { ...one.jwk, x: one.jwk['y'] },
      one.jwk,
    ],
    'ok',
  ],
])('where %s', async ([name, keys, code]) => {
  const issuer = verifier.addIssuer(encodeURIComponent(name), keySet(keys()))
  const token = await mintLasting(issuer, one)
  expect(await verifier.verdict(issuer, token)).toBe(code === 'ok' ? 'ok' : 'token_invalid')
})

it('must be the only one that fits a token without kid', async () => {
  const single = verifier.addIssuer('no-kid-single', keySet([one.jwk]))
  expect(await verifier.verdict(single, await mintLasting(single, one, { kid: undefined }))).toBe(
    'ok',
  )
  const several = verifier.addIssuer('no-kid-several', keySet([one.jwk, two.jwk]))
  const token = await mintLasting(several, one, { kid: undefined })
  expect(await verifier.verdict(several, token)).toBe('token_invalid')
})

it('is never a secret: a symmetric key in the set signs nothing', async () => {
  const k = 'c'.repeat(43)
  const secret = { kty: 'oct', k, kid: 'one', alg: 'HS256' }
  const issuer = verifier.addIssuer('oct', keySet([secret, two.jwk]))
  const claims = { iss: issuer.issuer, aud: undefined, exp: Date.UTC(2041, 0) / 1000 }
  const key = Buffer.from(k, 'base64url')
  const forged = await mintToken(claims, { key, header: { kid: 'one' } })
  expect(await verifier.verdict(issuer, forged)).toBe('token_invalid')
})

function others(count: number): readonly unknown[] {
  return Array.from({ length: count }, (_, index) => ({ ...two.jwk, kid: `k${index}` }))
}
