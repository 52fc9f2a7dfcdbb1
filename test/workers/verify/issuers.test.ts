import { exportJWK, generateKeyPair, type CryptoKey as JoseKey } from 'jose'
import { describe, expect, it } from 'vitest'
import type { Jwk } from '../../../src/verify/checked-jwk.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import { createVerifiedTokens } from '../../../src/verify/verified-tokens.ts'
import { verifyWithFirst } from '../../../src/verify/verifier.ts'
import { mintToken } from '../../support/mint-token.ts'
import { contextAt, identityFrom, NOW, verdictOf } from './verdict.ts'

const A = 'https://a.example'
const B = 'https://b.example'

function claimsOf(iss: string) {
  return { iss, aud: undefined, iat: NOW, exp: NOW + 60 }
}

async function issuerKeys(kid: string) {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  return { privateKey, jwk: { ...((await exportJWK(publicKey)) as Jwk), kid, alg: 'ES256' } }
}

function mint(iss: string, key: JoseKey, kid?: string): Promise<string> {
  return mintToken(claimsOf(iss), { key, alg: 'ES256', header: { kid } })
}

describe('several issuers', () => {
  it.for(['configured keys', 'key sets'])(
    'each have their own keys, even under one kid: %s',
    async (form) => {
      const [a, b] = [await issuerKeys('k1'), await issuerKeys('k1')]
      const isSet = form === 'key sets'
      const verifier = jwt([
        { issuer: A, ...(isSet ? {} : { publicKey: a.jwk }) },
        { issuer: B, ...(isSet ? {} : { publicKey: b.jwk }) },
      ])
      const context = {
        ...contextAt(NOW),
        fetch: (input: RequestInfo | URL) => {
          const keys = input === `${A}/.well-known/jwks.json` ? [a.jwk] : [b.jwk]
          return Promise.resolve(Response.json({ keys }))
        },
      }
      expect(await verdictOf(verifier, await mint(A, a.privateKey, 'k1'), context)).toBe('ok')
      expect(await verdictOf(verifier, await mint(B, b.privateKey, 'k1'), context)).toBe('ok')
      for (const [iss, key] of [
        [A, b.privateKey],
        [B, a.privateKey],
      ] as const) {
        const confused = await mint(iss, key, 'k1')
        expect(await verdictOf(verifier, confused, context)).toBe('token_invalid')
      }
    },
  )

  it('do not share a secret with a key: HS256 for one is nothing for the other', async () => {
    const { jwk } = await issuerKeys('k1')
    const secret = 'b'.repeat(32)
    const verifier = jwt([
      { issuer: A, publicKey: jwk },
      { issuer: B, secret },
    ])
    const key = new TextEncoder().encode(secret)
    expect(await verdictOf(verifier, await mintToken(claimsOf(B), { key }))).toBe('ok')
    expect(await verdictOf(verifier, await mintToken(claimsOf(A), { key }))).toBe('token_invalid')
  })

  it('leave a token of an issuer they do not know to the next verifier', async () => {
    const secret = 's'.repeat(32)
    const key = new TextEncoder().encode(secret)
    const verifiers = [jwt({ issuer: A, secret }), jwt({ issuer: B, secret })]
    const token = await mintToken(claimsOf(B), { key })
    const result = await verifyWithFirst(verifiers, token, contextAt(NOW))
    expect(result).toMatchObject({ ok: true, value: { issuer: B } })
  })

  it('decide on a token of their own: a later verifier does not get what one refused', async () => {
    const verifiers = [
      jwt({ issuer: A, secret: 'a'.repeat(32) }),
      jwt({ issuer: A, secret: 'b'.repeat(32) }),
    ]
    const token = await mintToken(claimsOf(A), { key: new TextEncoder().encode('b'.repeat(32)) })
    const result = await verifyWithFirst(verifiers, token, contextAt(NOW))
    expect(result).toMatchObject({ ok: false, refusal: { code: 'token_invalid' } })
  })
})

describe('rotation', () => {
  it('accepts tokens of both secrets while one replaces the other, then only of the new one', async () => {
    const [old, fresh, other] = ['o', 'f', 'x'].map((letter) => letter.repeat(32)) as [
      string,
      string,
      string,
    ]
    const verifier = jwt({ issuer: A, secret: [fresh, old] })
    const mintWith = (secret: string) =>
      mintToken(claimsOf(A), { key: new TextEncoder().encode(secret) })
    expect(await verdictOf(verifier, await mintWith(old))).toBe('ok')
    expect(await verdictOf(verifier, await mintWith(fresh))).toBe('ok')
    expect(await verdictOf(verifier, await mintWith(other))).toBe('token_invalid')

    const afterwards = jwt({ issuer: A, secret: fresh })
    expect(await verdictOf(afterwards, await mintWith(fresh))).toBe('ok')
    expect(await verdictOf(afterwards, await mintWith(old))).toBe('token_invalid')
  })

  it.for<[kid: string | undefined, signer: 'one' | 'two', code: string]>([
    ['one', 'one', 'ok'],
    ['two', 'two', 'ok'],
    [undefined, 'one', 'ok'],
    [undefined, 'two', 'ok'],
    ['two', 'one', 'token_invalid'],
    ['three', 'one', 'token_invalid'],
    ['', 'one', 'token_invalid'],
  ])('of configured keys: kid %s, signed by %s: %s', async ([kid, signer, code]) => {
    const keys = { one: await issuerKeys('one'), two: await issuerKeys('two') }
    const verifier = jwt({ issuer: A, publicKey: [keys.one.jwk, keys.two.jwk] })
    expect(await verdictOf(verifier, await mint(A, keys[signer].privateKey, kid))).toBe(code)
  })
})

describe('the memory of verified tokens', () => {
  const secret = 's'.repeat(32)

  it('serves the whole token only: another last character is verified anew', async () => {
    const verifier = jwt({ issuer: A, secret })
    const token = await mintToken(claimsOf(A), { key: new TextEncoder().encode(secret) })
    const identity = await identityFrom(verifier, token)
    expect(await identityFrom(verifier, token)).toBe(identity)
    for (const last of ['A', 'Q', 'g', 'w'].filter((character) => !token.endsWith(character))) {
      expect(await verdictOf(verifier, token.slice(0, -1) + last)).toBe('token_invalid')
    }
  })

  it('is bounded, and forgets the oldest', async () => {
    const verifier = jwt({ issuer: A, secret })
    const token = await mintToken(claimsOf(A), { key: new TextEncoder().encode(secret) })
    const identity = await identityFrom(verifier, token)
    const verified = {
      identity,
      key: {} as never,
      keys: { find: () => Promise.reject(new Error()), holds: () => true },
      acceptedUntil: NOW + 60,
    }
    const tokens = createVerifiedTokens()
    const names = Array.from({ length: 300 }, (_, index) => String(index).padEnd(8192, '.'))
    for (const [index, name] of names.entries()) {
      tokens.set(name, verified)
      const kept = names.flatMap((other, at) => (tokens.get(other, NOW * 1000) ? [at] : []))
      // A million characters are 128 of them, and the earlier half goes at once.
      expect(kept.length).toBeLessThanOrEqual(128)
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(64, index + 1))
      expect(kept).toEqual(kept.map((_, at) => index - kept.length + 1 + at))
    }
  })

  it('forgets a token at its end and a token whose key is gone', async () => {
    const tokens = createVerifiedTokens()
    let holds = true
    const verified = {
      identity: {} as never,
      key: {} as never,
      keys: { find: () => Promise.reject(new Error()), holds: () => holds },
      acceptedUntil: NOW + 60,
    }
    tokens.set('expiring', verified)
    tokens.set('revoked', verified)
    expect(tokens.get('expiring', (NOW + 59) * 1000)).toBe(verified)
    expect(tokens.get('expiring', (NOW + 60) * 1000)).toBeUndefined()
    expect(tokens.get('expiring', NOW * 1000)).toBeUndefined()
    holds = false
    expect(tokens.get('revoked', NOW * 1000)).toBeUndefined()
    holds = true
    expect(tokens.get('revoked', NOW * 1000)).toBeUndefined()
  })
})
