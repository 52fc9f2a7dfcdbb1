import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/refusal/configuration-error.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import { ISSUER, SECRET } from '../../support/mint-token.ts'

/** The message about options as plain JavaScript or a setting gives them, which no type holds back. */
function refusalOf(options: object): string {
  try {
    jwt({ issuer: ISSUER, ...options })
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'accepted'
}

describe('an option that is wrong names itself at the start', () => {
  it.for<[option: string, options: object]>([
    ['issuer', { issuer: undefined }],
    ['issuer', { issuer: '' }],
    ['issuer', { issuer: 5 }],
    ['secret', { secret: undefined }],
    ['secret', { secret: null }],
    ['secret', { secret: '' }],
    ['secret', { secret: [] }],
    ['secret', { secret: [SECRET, ''] }],
    ['secret', { secret: 5 }],
    ['secret', { secret: 'x'.repeat(31) }],
    ['secret', { secret: [SECRET, 'short'] }],
    ['secret', { secret: 'x'.repeat(47), algorithms: ['HS384'] }],
    ['secret', { secret: 'x'.repeat(63), algorithms: ['HS512'] }],
    ['secret', { secret: `{"kty":"oct","k":"${'x'.repeat(60)}"}` }],
    ['secret', { secret: `-----BEGIN PUBLIC KEY-----\n${'x'.repeat(60)}` }],
    ['secret', { secret: ` -----BEGIN CERTIFICATE-----\n${'x'.repeat(60)}` }],
    ['publicKey', { publicKey: undefined }],
    ['publicKey', { publicKey: '' }],
    ['publicKey', { publicKey: [] }],
    ['publicKey', { publicKey: [null] }],
    ['publicKey', { publicKey: SECRET }],
    ['publicKey', { publicKey: { kty: 'oct', k: 'x'.repeat(60) } }],
    ['publicKey', { publicKey: { kty: 'RSA' } }],
    ['jwksUrl', { jwksUrl: undefined }],
    ['jwksUrl', { jwksUrl: null }],
    ['jwksUrl', { jwksUrl: '' }],
    ['jwksUrl', { jwksUrl: 'http://issuer.example/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'http://127.0.0.1.evil.example/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'http://localhost@evil.example/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'https://user:word@issuer.example/jwks.json' }],
    ['jwksUrl', { jwksUrl: 'https://issuer.example/jwks.json#keys' }],
    ['jwksUrl', { jwksUrl: 'file:///jwks.json' }],
    ['jwksUrl', { jwksUrl: 'data:application/json,{}' }],
    ['jwksUrl', { issuer: 'no-url' }],
    ['secret', { secret: SECRET, jwksUrl: undefined, publicKey: undefined }],
    ['publicKey, secret', { secret: SECRET, publicKey: 'x' }],
    ['jwksUrl, secret', { secret: SECRET, jwksUrl: 'https://issuer.example/jwks.json' }],
    ['algorithms', { algorithms: [] }],
    ['algorithms', { algorithms: 'RS256' }],
    ['algorithms', { algorithms: ['none'] }],
    ['algorithms', { algorithms: ['RS256', 'constructor'] }],
    ['algorithms', { algorithms: ['HS256'] }],
    ['algorithms', { algorithms: ['RS256'], secret: SECRET }],
    ['algorithms', { algorithms: ['HS256', 'HS512'], secret: 'x'.repeat(64) }],
    ['audience', { audience: undefined }],
    ['audience', { audience: '' }],
    ['audience', { audience: [] }],
    ['audience', { audience: ['a', undefined] }],
    ['authorizedParties', { authorizedParties: [] }],
    ['authorizedParties', { authorizedParties: [undefined] }],
    ['types', { types: [] }],
    ['userClaim', { userClaim: '' }],
    ['forwardClaims', { forwardClaims: [1] }],
    ...[Number.NaN, Infinity, -1, 1.5, 301, '7200', {}, true].map(
      (clockSkewSeconds): [string, object] => ['clockSkewSeconds', { clockSkewSeconds }],
    ),
    ...[Number.NaN, Infinity, -1, 1.5, '60'].map((maxAgeSeconds): [string, object] => [
      'maxAgeSeconds',
      { maxAgeSeconds },
    ]),
    ['authorisedParties', { authorisedParties: ['https://app.example'] }],
    ['__proto__', JSON.parse('{"__proto__":{}}') as object],
    ['constructor', { constructor: 'x' }],
  ])('%s: %j', ([option, options]) => {
    const message = refusalOf(options)
    expect(message).toMatch(/^[\w, ]+: ./)
    expect(message.slice(0, message.indexOf(':'))).toBe(nameIn(option, options))
  })

  it('refuses no issuer at all, and one that is given twice', () => {
    expect(() => jwt([])).toThrow(ConfigurationError)
    const issuer = { issuer: ISSUER, secret: SECRET }
    expect(() => jwt([issuer, issuer])).toThrow(/^issuer: .* twice$/)
  })

  it.for([
    'https://issuer.example/keys?tenant=1',
    'http://localhost:8787/jwks.json',
    'http://127.0.0.1:8787/jwks.json',
    'http://[::1]:8787/jwks.json',
  ])('accepts the key set URL %s', (jwksUrl) => {
    expect(refusalOf({ jwksUrl })).toBe('accepted')
  })

  it('never shows a secret', () => {
    expect(refusalOf({ secret: 'hunter2' })).not.toContain('hunter2')
    expect(refusalOf({ publicKey: 'hunter2' })).not.toContain('hunter2')
  })
})

/** Which of the wrong options is reported: the first that is undefined, else the one that the case is about. */
function nameIn(option: string, options: object): string {
  const missing = Object.entries(options).find(([, value]) => value === undefined)
  return missing?.[0] ?? option
}
