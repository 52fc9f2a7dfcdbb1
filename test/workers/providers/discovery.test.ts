import { expect, it } from 'vitest'
import { oidc } from '../../../src/portico.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import { verdictOf } from '../verify/verdict.ts'
import { contextServing, issue, published } from './published.ts'

const ISSUER = 'https://id.example.com/tenant/'
const DOCUMENT = 'https://id.example.com/tenant/.well-known/openid-configuration'
const KEYS = 'https://keys.example.net/jwks'
const OPTIONS = oidc({ issuer: ISSUER, audience: 'rooms' })

function tokenOf(issuer: Awaited<ReturnType<typeof published>>) {
  return issue(issuer, { claims: { iss: ISSUER, aud: 'rooms', sub: 'alice' } })
}

it('finds the keys where the discovery document says, and reads it once', async () => {
  const issuer = await published('ES256')
  const serving = contextServing({
    [DOCUMENT]: { issuer: ISSUER, jwks_uri: KEYS },
    [KEYS]: { keys: [issuer.jwk] },
  })
  const fetched: string[] = []
  let now = serving.now()
  const context = {
    ...serving,
    now: () => now,
    fetch: (input: RequestInfo | URL, init?: RequestInit) => {
      fetched.push(input as string)
      expect(init?.redirect).toBe('manual')
      return serving.fetch(input, init)
    },
  }
  const verifier = jwt(OPTIONS)
  expect(await verdictOf(verifier, await tokenOf(issuer), context)).toBe('ok')
  expect(fetched).toEqual([DOCUMENT, KEYS])
  // An unknown key has the set fetched anew, but not the document.
  now += 31_000
  const other = await published('ES256', 'other')
  const unknown = await issue(other, {
    claims: { iss: ISSUER, aud: 'rooms', sub: 'alice' },
    header: { kid: 'k2' },
  })
  expect(await verdictOf(verifier, unknown, context)).toBe('token_invalid')
  expect(fetched).toEqual([DOCUMENT, KEYS, KEYS])
})

it.for<[fault: string, document: unknown]>([
  ['is of another issuer', { issuer: 'https://evil.example', jwks_uri: KEYS }],
  ['differs in the slash at the end', { issuer: ISSUER.slice(0, -1), jwks_uri: KEYS }],
  ['names no issuer', { jwks_uri: KEYS }],
  ['names no keys', { issuer: ISSUER }],
  ['leads to plain http', { issuer: ISSUER, jwks_uri: 'http://keys.example.net/jwks' }],
  ['leads to this machine', { issuer: ISSUER, jwks_uri: 'http://127.0.0.1/jwks' }],
  ['leads to a user', { issuer: ISSUER, jwks_uri: 'https://a:b@keys.example.net/jwks' }],
  ['is null', null],
  ['is a list', []],
  ['is too large', { issuer: ISSUER, jwks_uri: KEYS, filler: 'x'.repeat(65_536) }],
])('is unavailable where the discovery document %s', async ([, document]) => {
  const issuer = await published('ES256')
  const keys = { keys: [issuer.jwk] }
  const context = contextServing({
    [DOCUMENT]: document,
    [KEYS]: keys,
    'http://keys.example.net/jwks': keys,
    'http://127.0.0.1/jwks': keys,
    'https://a:b@keys.example.net/jwks': keys,
  })
  const verdict = await verdictOf(jwt(OPTIONS), await tokenOf(issuer), context)
  expect(verdict).toBe('verifier_unavailable')
})

it('asks again after a pause where the document could not be had', async () => {
  const issuer = await published('ES256')
  let documents: Readonly<Record<string, unknown>> = {}
  let [now, fetches] = [contextServing({}).now(), 0]
  const context = {
    ...contextServing({}),
    now: () => now,
    fetch: (input: RequestInfo | URL) => {
      fetches += 1
      return contextServing(documents).fetch(input)
    },
  }
  const verifier = jwt(OPTIONS)
  const token = await tokenOf(issuer)
  expect(await verdictOf(verifier, token, context)).toBe('verifier_unavailable')
  documents = { [DOCUMENT]: { issuer: ISSUER, jwks_uri: KEYS }, [KEYS]: { keys: [issuer.jwk] } }
  expect(await verdictOf(verifier, token, context)).toBe('verifier_unavailable')
  expect(fetches).toBe(1)
  now += 1300
  expect(await verdictOf(verifier, token, context)).toBe('ok')
})
