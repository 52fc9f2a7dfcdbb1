import { describe, expect, it } from 'vitest'
import { jwt } from '../../../src/verify/jwt.ts'
import type { JwtIssuerOptions } from '../../../src/verify/jwt-options.ts'
import { AUDIENCE, ISSUER, SECRET } from '../../support/mint-token.ts'
import { rawToken } from './raw-token.ts'
import { contextAt, identityFrom, NOW, verdictOf } from './verdict.ts'

const HEADER = '{"alg":"HS256","typ":"JWT"}'
const CLAIMS = { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: NOW, exp: NOW + 60 }

type Rules = Omit<Partial<JwtIssuerOptions>, 'jwksUrl' | 'publicKey' | 'secret' | 'discover'>

function verifierWith(rules: Rules = {}) {
  return jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET, ...rules })
}

/** @param json replaces a claim's value by JSON text; `undefined` leaves the claim out */
function tokenWith(claim: string, json: string | undefined): Promise<string> {
  const members = Object.entries({ ...CLAIMS, [claim]: undefined })
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`)
  if (json !== undefined) members.push(`${JSON.stringify(claim)}:${json}`)
  return rawToken(HEADER, `{${members.join(',')}}`)
}

type Case = readonly [json: string | undefined, code: string]

const NOT_A_DATE: readonly Case[] = [
  ['null', 'token_invalid'],
  ['true', 'token_invalid'],
  ['false', 'token_invalid'],
  ['""', 'token_invalid'],
  ['"abc"', 'token_invalid'],
  [`"${NOW + 60}"`, 'token_invalid'],
  ['{}', 'token_invalid'],
  ['[]', 'token_invalid'],
  [`[${NOW}]`, 'token_invalid'],
  ['1e999', 'token_invalid'],
  ['-1e999', 'token_invalid'],
  ['-1', 'token_invalid'],
  [`${(NOW + 60) * 1000}`, 'token_invalid'],
  ['253402300800', 'token_invalid'],
]

describe.for<{ claim: string; cases: readonly Case[] }>([
  {
    claim: 'exp',
    cases: [
      [undefined, 'token_invalid'],
      ['0', 'token_expired'],
      ['253402300799', 'ok'],
      [`${NOW + 0.5}`, 'ok'],
      ...NOT_A_DATE,
    ],
  },
  {
    claim: 'nbf',
    cases: [[undefined, 'ok'], ['0', 'ok'], [`${NOW}`, 'ok'], ...NOT_A_DATE],
  },
  {
    claim: 'iat',
    cases: [
      [undefined, 'ok'],
      ['0', 'ok'],
      [`${NOW + 31_536_000}`, 'token_invalid'],
      ...NOT_A_DATE,
    ],
  },
  {
    claim: 'iss',
    cases: [
      [undefined, 'token_invalid'],
      ['null', 'token_invalid'],
      ['""', 'token_invalid'],
      ['5', 'token_invalid'],
      [`["${ISSUER}"]`, 'token_invalid'],
      [`{"0":"${ISSUER}"}`, 'token_invalid'],
      [`"${ISSUER}/"`, 'token_invalid'],
      [`"${ISSUER.toUpperCase()}"`, 'token_invalid'],
      [`" ${ISSUER}"`, 'token_invalid'],
      ['"__proto__"', 'token_invalid'],
      ['"constructor"', 'token_invalid'],
    ],
  },
  {
    claim: 'sub',
    cases: [
      [undefined, 'token_invalid'],
      ['null', 'token_invalid'],
      ['""', 'token_invalid'],
      ['5', 'token_invalid'],
      ['["alice"]', 'token_invalid'],
      ['"Ålice"', 'ok'],
    ],
  },
  {
    claim: 'aud',
    cases: [
      [undefined, 'token_invalid'],
      ['null', 'token_invalid'],
      ['""', 'token_invalid'],
      ['[]', 'token_invalid'],
      ['{}', 'token_invalid'],
      ['1', 'token_invalid'],
      ['[1]', 'token_invalid'],
      ['"other"', 'token_invalid'],
      ['["other"]', 'token_invalid'],
      [`"${AUDIENCE.toUpperCase()}"`, 'token_invalid'],
      [`"${AUDIENCE} other"`, 'token_invalid'],
      [`["${AUDIENCE}",1]`, 'token_invalid'],
      [`["${AUDIENCE}",null]`, 'token_invalid'],
      [`[["${AUDIENCE}"]]`, 'token_invalid'],
      [`["${AUDIENCE}"]`, 'ok'],
      [`["other","${AUDIENCE}"]`, 'ok'],
    ],
  },
  {
    claim: 'jti',
    cases: [
      [undefined, 'ok'],
      ['"t1"', 'ok'],
      ['1', 'token_invalid'],
      ['null', 'token_invalid'],
    ],
  },
  {
    claim: 'sid',
    cases: [
      [undefined, 'ok'],
      ['"s1"', 'ok'],
      ['1', 'token_invalid'],
      ['[]', 'token_invalid'],
    ],
  },
])('$claim', ({ claim, cases }) => {
  it.for(cases)('%s: %s', async ([json, code]) => {
    expect(await verdictOf(verifierWith(), await tokenWith(claim, json))).toBe(code)
  })
})

it('needs a subject even where another claim is the user name', async () => {
  const verifier = verifierWith({ userClaim: 'email' })
  for (const [sub, code] of [
    ['alice', 'ok'],
    [undefined, 'token_invalid'],
    ['', 'token_invalid'],
    [5, 'token_invalid'],
  ]) {
    const token = await rawToken(HEADER, JSON.stringify({ ...CLAIMS, email: 'a@b.example', sub }))
    expect(await verdictOf(verifier, token)).toBe(code)
  }
})

describe('time', () => {
  it.for([
    { claim: 'exp', value: NOW - 5, code: 'token_expired' },
    { claim: 'exp', value: NOW - 4, code: 'ok' },
    { claim: 'nbf', value: NOW + 5, code: 'ok' },
    { claim: 'nbf', value: NOW + 6, code: 'token_invalid' },
    { claim: 'iat', value: NOW + 5, code: 'ok' },
    { claim: 'iat', value: NOW + 6, code: 'token_invalid' },
  ])('allows clocks to differ by 5 s: $claim at $value: $code', async ({ claim, value, code }) => {
    const token = await tokenWith(claim, String(value))
    expect(await verdictOf(verifierWith(), token)).toBe(code)
  })

  it.for([
    { clockSkewSeconds: 0, exp: NOW, code: 'token_expired' },
    { clockSkewSeconds: 0, exp: NOW + 1, code: 'ok' },
    { clockSkewSeconds: 300, exp: NOW - 300, code: 'token_expired' },
    { clockSkewSeconds: 300, exp: NOW - 299, code: 'ok' },
  ])('allows what is configured: $clockSkewSeconds s: $code', async (rule) => {
    const verifier = verifierWith({ clockSkewSeconds: rule.clockSkewSeconds })
    expect(await verdictOf(verifier, await tokenWith('exp', String(rule.exp)))).toBe(rule.code)
  })

  it('ends a token that was verified before', async () => {
    const verifier = verifierWith()
    const token = await tokenWith('exp', String(NOW + 60))
    expect(await verdictOf(verifier, token)).toBe('ok')
    expect(await verdictOf(verifier, token, contextAt(NOW + 64))).toBe('ok')
    expect(await verdictOf(verifier, token, contextAt(NOW + 65))).toBe('token_expired')
    expect(await verdictOf(verifier, token, contextAt(NOW + 64))).toBe('ok')
  })

  it.for<Case>([
    [undefined, 'token_invalid'],
    [`${NOW - 30}`, 'ok'],
    [`${NOW - 34}`, 'ok'],
    [`${NOW - 35}`, 'token_expired'],
    [`${NOW + 6}`, 'token_invalid'],
  ])('with a maximal age of 30 s, iat %s: %s', async ([json, code]) => {
    const verifier = verifierWith({ maxAgeSeconds: 30 })
    expect(await verdictOf(verifier, await tokenWith('iat', json))).toBe(code)
  })

  it('ends a remembered token at its maximal age, and says so', async () => {
    const verifier = verifierWith({ maxAgeSeconds: 30 })
    const token = await tokenWith('iat', String(NOW))
    expect((await identityFrom(verifier, token)).expiresAt).toBe(NOW + 30)
    expect(await verdictOf(verifier, token, contextAt(NOW + 34))).toBe('ok')
    expect(await verdictOf(verifier, token, contextAt(NOW + 35))).toBe('token_expired')
  })
})

describe('audience', () => {
  it.for<Case>([
    [undefined, 'ok'],
    ['"other"', 'token_invalid'],
    ['[]', 'token_invalid'],
    ['null', 'token_invalid'],
    ['""', 'token_invalid'],
  ])('where none is configured, aud %s: %s', async ([json, code]) => {
    const verifier = jwt({ issuer: ISSUER, secret: SECRET })
    expect(await verdictOf(verifier, await tokenWith('aud', json))).toBe(code)
  })

  it('may be one of several', async () => {
    const verifier = verifierWith({ audience: ['a', 'b'] })
    expect(await verdictOf(verifier, await tokenWith('aud', '["b","c"]'))).toBe('ok')
    expect(await verdictOf(verifier, await tokenWith('aud', '["c"]'))).toBe('token_invalid')
  })
})

describe('authorized party', () => {
  it.for<Case>([
    ['"https://app.example"', 'ok'],
    ['"https://www.example"', 'ok'],
    [undefined, 'token_invalid'],
    ['null', 'token_invalid'],
    ['""', 'token_invalid'],
    ['"https://app.example/"', 'token_invalid'],
    ['"https://app.example.evil.example"', 'token_invalid'],
    ['["https://app.example"]', 'token_invalid'],
    ['1', 'token_invalid'],
  ])('where some are configured, azp %s: %s', async ([json, code]) => {
    const authorizedParties = ['https://app.example', 'https://www.example']
    const verifier = verifierWith({ authorizedParties })
    expect(await verdictOf(verifier, await tokenWith('azp', json))).toBe(code)
  })

  it.for([undefined, '"https://any.example"', 'null'])(
    'where none is configured, azp %s is not looked at',
    async (json) => {
      expect(await verdictOf(verifierWith(), await tokenWith('azp', json))).toBe('ok')
    },
  )
})

describe('identity', () => {
  it('takes user name and forwarded claims as configured', async () => {
    const payload = { ...CLAIMS, sid: 's1', jti: 't1', azp: 'app', email: 'a@b.example', role: 'x' }
    const token = await rawToken(HEADER, JSON.stringify(payload))
    expect(await identityFrom(verifierWith(), token)).toMatchObject({
      issuer: ISSUER,
      subject: 'alice',
      username: 'alice',
      session: 's1',
      tokenId: 't1',
      expiresAt: NOW + 60,
      userData: { email: 'a@b.example', role: 'x', sid: 's1' },
      claims: payload,
    })
    const picked = verifierWith({ userClaim: 'email', forwardClaims: ['role'] })
    const identity = await identityFrom(picked, token)
    expect(identity.username).toBe('a@b.example')
    expect(identity.userData).toEqual({ role: 'x' })
    const nothing = await identityFrom(verifierWith({ forwardClaims: [] }), token)
    expect(nothing.userData).toEqual({})
  })

  it.for<string | undefined>([undefined, 'null', '""', '5'])(
    'refuses a token whose user claim is %s',
    async (json) => {
      const verifier = verifierWith({ userClaim: 'email' })
      expect(await verdictOf(verifier, await tokenWith('email', json))).toBe('token_invalid')
    },
  )

  it('cannot be written to, because it serves the next caller too', async () => {
    const verifier = verifierWith()
    const token = await tokenWith('nested', '{"list":[1,{"role":"guest"}]}')
    const identity = await identityFrom(verifier, token)
    const { list } = identity.claims['nested'] as { list: [number, { role: string }] }
    expect(() => list.push(2)).toThrow(TypeError)
    expect(() => Object.assign(list[1], { role: 'admin' })).toThrow(TypeError)
    expect(() => Object.assign(identity, { subject: 'bob' })).toThrow(TypeError)
    expect(() => Object.assign(identity.userData, { admin: true })).toThrow(TypeError)
    expect(await identityFrom(verifier, token)).toBe(identity)
  })
})
