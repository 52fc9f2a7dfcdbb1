import { base64url } from 'jose'
import { describe, expect, it } from 'vitest'
import { decodeBase64url } from '../../../src/verify/base64url.ts'
import { parseCompactJws } from '../../../src/verify/compact-jws.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import { AUDIENCE, ISSUER, SECRET } from '../../support/mint-token.ts'
import { rawToken, signText } from './raw-token.ts'
import { identityFrom, NOW, verdictOf } from './verdict.ts'

// What JWT libraries were found to accept or to throw on, each as a rule of the gate.

const HEADER = { alg: 'HS256', typ: 'JWT' }
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: NOW, exp: NOW + 60 }
const header = JSON.stringify(HEADER)
const payload = JSON.stringify(CLAIMS)
const verifier = jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET })

it('accepts the token that the cases below are changed from', async () => {
  expect(await verdictOf(verifier, await rawToken(header, payload))).toBe('ok')
})

describe('form', () => {
  it.for<[name: string, change: (token: string) => string, code: string]>([
    ['a fourth segment', (token) => `${token}.x`, 'token_malformed'],
    ['five segments', (token) => `${token}.x.y`, 'token_malformed'],
    ['a dot at the end', (token) => `${token}.`, 'token_malformed'],
    ['a dot at the start', (token) => `.${token}`, 'token_malformed'],
    ['no signature', (token) => token.slice(0, token.lastIndexOf('.')), 'token_malformed'],
    ['an empty signature', (token) => token.slice(0, token.lastIndexOf('.') + 1), 'token_invalid'],
    ['an empty payload', (token) => token.replace(/\..*\./, '..'), 'token_invalid'],
    ['an empty header', (token) => token.replace(/^[^.]*/, ''), 'token_invalid'],
    ['a space in front', (token) => ` ${token}`, 'token_invalid'],
    ['a line end behind', (token) => `${token}\n`, 'token_invalid'],
    ['a tab in the signature', (token) => inSignature(token, '\t'), 'token_invalid'],
    ['a space in the signature', (token) => inSignature(token, ' '), 'token_invalid'],
    ['padding', (token) => `${token}=`, 'token_invalid'],
    ['only dots', () => '..', 'token_invalid'],
    ['a million dots', () => '.'.repeat(1_000_000), 'token_malformed'],
    ['nothing', () => '', 'token_malformed'],
    ['text beyond ASCII', () => 'ü.ü.ü', 'token_invalid'],
    ['no base64url', () => '!.!.!', 'token_invalid'],
    ['a segment of one character', () => 'A.A.A', 'token_invalid'],
    ['segments that are no JSON', () => 'AAAA.AAAA.AAAA', 'token_invalid'],
  ])('refuses %s, without a throw', async ([, change, code]) => {
    expect(await verdictOf(verifier, change(await rawToken(header, payload)))).toBe(code)
  })

  it.for([
    { length: 8192, code: 'ok' },
    { length: 8193, code: 'token_invalid' },
  ])('$length characters: $code', async ({ length, code }) => {
    const token = await tokenOfLength(length)
    expect(token).toHaveLength(length)
    expect(await verdictOf(verifier, token)).toBe(code)
  })

  it('refuses the other alphabet of base64', async () => {
    // `?~` at the end of a payload is `Pz8+`-like text: it needs the two characters that differ.
    const token = await rawToken(header, JSON.stringify({ ...CLAIMS, note: '???>>>~~~' }))
    expect(token).toMatch(/[-_]/)
    const other = token.replaceAll('-', '+').replaceAll('_', '/')
    expect(await verdictOf(verifier, token)).toBe('ok')
    expect(await verdictOf(verifier, other)).toBe('token_invalid')
    const signed = await signText(other.slice(0, other.lastIndexOf('.')))
    expect(await verdictOf(verifier, signed)).toBe('token_invalid')
  })

  it('reads only one text as one token: unused bits of a segment must be zero', async () => {
    const token = await rawToken(header, payload)
    const twins = twinsOf(token.slice(token.lastIndexOf('.') + 1))
    expect(twins).toHaveLength(3)
    for (const twin of twins) {
      const other = token.slice(0, token.lastIndexOf('.') + 1) + twin
      expect(await verdictOf(verifier, other)).toBe('token_invalid')
    }
  })

  it.for(['A', 'AB', 'AAB', 'AA=', 'AA==', 'A A', '+A', '/A', 'é'])(
    'decodes no base64url from %j',
    (text) => {
      expect(decodeBase64url(text)).toBeUndefined()
    },
  )

  it.for<[string, string | Uint8Array]>([
    ['null', 'null'],
    ['a number', '5'],
    ['a text', '"alice"'],
    ['true', 'true'],
    ['an array', `[${payload}]`],
    ['two values', `${payload}${payload}`],
    ['a trailing comma', '{"sub":"alice",}'],
    ['a byte order mark', `\uFEFF${payload}`],
    ['invalid UTF-8', new Uint8Array([...new TextEncoder().encode(payload.slice(0, -1)), 0xff])],
    ['UTF-8 that is overlong', bytesWith(payload, [0xc1, 0xa1])],
    ['an encoded surrogate', bytesWith(payload, [0xed, 0xa0, 0x80])],
  ])('refuses a signed payload or header that is %s', async ([, value]) => {
    expect(await verdictOf(verifier, await rawToken(header, value))).toBe('token_invalid')
    expect(await verdictOf(verifier, await rawToken(value, payload))).toBe('token_invalid')
    expect(parseCompactJws(await rawToken(header, value))).toBeUndefined()
  })

  it('takes the last of two members with one name, as its JSON reader does', async () => {
    const doubled = payload.replace('"sub":"alice"', '"sub":"mallory","sub":"alice"')
    const identity = await identityFrom(verifier, await rawToken(header, doubled))
    expect(identity.subject).toBe('alice')
    const none = '{"alg":"HS256","alg":"none"}'
    expect(await verdictOf(verifier, await rawToken(none, payload))).toBe('token_invalid')
  })

  it('takes __proto__ and constructor for claims like others', async () => {
    const text = payload.replace('{', '{"__proto__":{"admin":true},"constructor":1,')
    const { claims, userData } = await identityFrom(verifier, await rawToken(header, text))
    expect(claims['admin']).toBeUndefined()
    expect(userData['admin']).toBeUndefined()
    expect(Object.keys(claims)).toContain('__proto__')
    expect(Object.getPrototypeOf(claims)).toBeNull()
  })

  it('inherits nothing: a __proto__ cannot supply what is missing', async () => {
    const { exp: _, ...withoutExp } = CLAIMS
    const text = JSON.stringify(withoutExp).replace('{', `{"__proto__":{"exp":${NOW + 60}},`)
    expect(await verdictOf(verifier, await rawToken(header, text))).toBe('token_invalid')
    const inherited = '{"typ":"JWT","__proto__":{"alg":"HS256"}}'
    expect(await verdictOf(verifier, await rawToken(inherited, payload))).toBe('token_invalid')
  })
})

/** A claim of such a length, after which the token has exactly the wanted one. */
async function tokenOfLength(length: number): Promise<string> {
  for (let size = 5800; size < 6200; size++) {
    const text = `${base64url.encode(header)}.${base64url.encode(
      JSON.stringify({ ...CLAIMS, pad: 'x'.repeat(size) }),
    )}`
    if (text.length + 44 === length) return signText(text)
  }
  throw new Error(`no token has ${length} characters`)
}

function inSignature(token: string, character: string): string {
  const at = token.lastIndexOf('.') + 5
  return token.slice(0, at) + character + token.slice(at)
}

/** The other texts that a lenient decoder reads as the same 32 bytes. */
function twinsOf(signature: string): string[] {
  const bytes = atob(signature.replaceAll('-', '+').replaceAll('_', '/'))
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return Array.from(alphabet)
    .map((last) => signature.slice(0, -1) + last)
    .filter((text) => text !== signature)
    .filter((text) => atob(text.replaceAll('-', '+').replaceAll('_', '/')) === bytes)
}

/** The JSON text of an object, with a member whose value holds these bytes. */
function bytesWith(json: string, bytes: readonly number[]): Uint8Array {
  const encoder = new TextEncoder()
  const before = encoder.encode(`${json.slice(0, -1)},"x":"`)
  return Uint8Array.from([...before, ...bytes, ...encoder.encode('"}')])
}
