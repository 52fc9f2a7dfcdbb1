import { base64url, decodeJwt, exportJWK, exportSPKI, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../../src/verify/base64url.ts'
import type { Jwk } from '../../../src/verify/checked-jwk.ts'
import { hmacSecret } from '../../../src/verify/configured-key.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import { configuredKeys } from '../../../src/verify/key-source.ts'
import { signToken } from '../../../src/verify/sign-token.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../../support/mint-token.ts'
import { rawToken } from './raw-token.ts'
import { contextAt, identityFrom, NOW, verdictOf } from './verdict.ts'

const HEADER = { alg: 'HS256', typ: 'JWT' }
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: NOW, exp: NOW + 60 }
const header = JSON.stringify(HEADER)
const payload = JSON.stringify(CLAIMS)
const verifier = jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET })

describe('signature', () => {
  it('comes before the claims: an unsigned token learns nothing of its expiry', async () => {
    const expired = JSON.stringify({ ...CLAIMS, iat: NOW - 120, exp: NOW - 60 })
    expect(await verdictOf(verifier, await rawToken(header, expired))).toBe('token_expired')
    const forged = await rawToken(header, expired, 'another-secret-of-thirty-two-bytes')
    expect(await verdictOf(verifier, forged)).toBe('token_invalid')
  })

  it.for(['spki', 'der', 'jwk'])(
    'made with HS256 and the %s text of a public key is refused',
    async (form) => {
      const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
      const spki = await exportSPKI(publicKey)
      const jwk = (await exportJWK(publicKey)) as Jwk
      const texts: Readonly<Record<string, string | Uint8Array>> = {
        spki,
        der: Uint8Array.from(atob(spki.replace(/-----.*?-----|\s/g, '')), (c) => c.charCodeAt(0)),
        jwk: JSON.stringify(jwk),
      }
      const forged = await rawToken(header, payload, texts[form])
      for (const key of [spki, jwk]) {
        const byKey = jwt({ issuer: ISSUER, audience: AUDIENCE, publicKey: key })
        expect(await verdictOf(byKey, forged)).toBe('token_invalid')
        const own = await mintToken(CLAIMS, { key: privateKey, alg: 'RS256' })
        expect(await verdictOf(byKey, own)).toBe('ok')
      }
    },
  )

  it.for([0, 1, 31, 33, 64])('refuses an HS256 signature of %i bytes', async (bytes) => {
    const token = await rawToken(header, payload)
    const text = token.slice(0, token.lastIndexOf('.'))
    const signature = decodeBase64url(token.slice(text.length + 1)) ?? new Uint8Array()
    const resized = new Uint8Array(bytes)
    resized.set(signature.subarray(0, bytes))
    expect(await verdictOf(verifier, `${text}.${base64url.encode(resized)}`)).toBe('token_invalid')
  })

  it.for(['all zero', 'in DER'])('refuses an ES256 signature that is %s', async (form) => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const byKey = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      publicKey: await exportSPKI(publicKey),
    })
    const token = await mintToken(CLAIMS, { key: privateKey, alg: 'ES256' })
    const text = token.slice(0, token.lastIndexOf('.'))
    const raw = decodeBase64url(token.slice(text.length + 1)) ?? new Uint8Array()
    const der = [48, 70, 2, 33, 0, ...raw.subarray(0, 32), 2, 33, 0, ...raw.subarray(32)]
    const signature = form === 'in DER' ? Uint8Array.from(der) : new Uint8Array(64)
    expect(await verdictOf(byKey, token)).toBe('ok')
    expect(await verdictOf(byKey, `${text}.${base64url.encode(signature)}`)).toBe('token_invalid')
  })

  it('of ECDSA has a twin (r, n - s), so what is revoked is named by jti and never by text', async () => {
    const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
    const byKey = jwt({
      issuer: ISSUER,
      audience: AUDIENCE,
      publicKey: await exportSPKI(publicKey),
    })
    const token = await mintToken({ ...CLAIMS, jti: 'j1' }, { key: privateKey, alg: 'ES256' })
    const twin = ecdsaTwin(token)
    expect(twin).not.toBe(token)
    expect((await identityFrom(byKey, token)).tokenId).toBe('j1')
    expect((await identityFrom(byKey, twin)).tokenId).toBe('j1')
  })
})

describe('secret', () => {
  it('is read as UTF-8, as other libraries read it', async () => {
    const secret = 'schlüssel-ĀΩ'.repeat(4)
    const utf8 = jwt({ issuer: ISSUER, audience: AUDIENCE, secret })
    expect(await verdictOf(utf8, await rawToken(header, payload, secret))).toBe('ok')
    const latin1 = Uint8Array.from(secret, (char) => char.charCodeAt(0) & 0xff)
    expect(await verdictOf(utf8, await rawToken(header, payload, latin1))).toBe('token_invalid')
  })

  it('may hold the word PUBLIC or PRIVATE', async () => {
    const secret = 'a PUBLIC and PRIVATE secret of more than 32 bytes'
    const word = jwt({ issuer: ISSUER, audience: AUDIENCE, secret })
    expect(await verdictOf(word, await rawToken(header, payload, secret))).toBe('ok')
  })

  it('is imported once, not extractable and for verifying only', async () => {
    const importKey = hmacSecret(SECRET, 'HS256')
    let imports = 0
    const source = configuredKeys('secret', [
      () => {
        imports += 1
        return importKey()
      },
    ])
    const find = () => source.find('HS256', undefined, contextAt(NOW))
    const found = [await find(), await find()].map((keys) => (keys.ok ? keys.value[0]?.key : null))
    expect(imports).toBe(1)
    expect(found[0]).toMatchObject({ type: 'secret', extractable: false, usages: ['verify'] })
    expect(found[1]).toBe(found[0])
  })
})

describe('the tokens that the gate signs', () => {
  it('have their type, keep their claims, and leave the given claims alone', async () => {
    const claims = Object.freeze({ ...CLAIMS, role: 'admin' })
    const token = await signToken(claims, { secret: SECRET })
    expect(decodeJwt(token)).toEqual(claims)
    expect(token.startsWith(`${base64url.encode('{"typ":"JWT","alg":"HS256"}')}.`)).toBe(true)
    expect(await verdictOf(verifier, token)).toBe('ok')
  })
})

function ecdsaTwin(token: string): string {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const text = token.slice(0, token.lastIndexOf('.'))
  const signature = base64url.decode(token.slice(text.length + 1))
  const hex = Array.from(signature.subarray(32), (byte) => byte.toString(16).padStart(2, '0'))
  const twin = (order - BigInt(`0x${hex.join('')}`)).toString(16).padStart(64, '0')
  const bytes = twin.match(/../g)?.map((byte) => Number.parseInt(byte, 16)) ?? []
  return `${text}.${base64url.encode(Uint8Array.from([...signature.subarray(0, 32), ...bytes]))}`
}
