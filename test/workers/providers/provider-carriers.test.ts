import { createExecutionContext } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { describe, expect, it } from 'vitest'
import {
  clerkCarriers,
  cloudflareAccessCarriers,
  createGate,
  type CarrierOptions,
} from '../../../src/portico.ts'
import { gateOptionsFrom } from '../../../src/settings/gate-options.ts'
import { readSettings } from '../../../src/settings/settings.ts'
import { codeOf, countedGate, ORIGIN } from '../../fixtures/counted-gate.ts'
import type { Seen } from '../../fixtures/echo-room.ts'
import { filledHeaders } from '../../fixtures/filled-tokens.ts'

const KEY = 'pk_live_Y2xlcmsuZXhhbXBsZS5jb20k'
const CLERK = clerkCarriers(KEY)
const [OWN = ''] = CLERK.cookie
const POST = { method: 'POST' }

async function seenBy(response: Response): Promise<Seen['headers']> {
  expect(response.status).toBe(200)
  return (await response.json<Seen>()).headers
}

describe('several cookies', () => {
  const { send } = countedGate({ carriers: CLERK })

  it.for<[cookies: string, subject: string]>([
    [`__session=$T`, 'alice'],
    [`${OWN}=$T`, 'alice'],
    [`__session=$U; ${OWN}=$T`, 'alice'],
    [`${OWN}=$T; __session=broken`, 'alice'],
    [`${OWN}=; __session=$T`, 'alice'],
  ])('the first name that is there counts: %s', async ([cookies, subject]) => {
    const headers = await filledHeaders({ cookie: `a=1; ${cookies}; b=2` })
    const seen = await seenBy(await send('/parties/main/x', { headers }))
    expect(seen['x-verified-subject']).toBe(subject)
    // All of them are taken out, also those that were not looked at.
    expect(seen['cookie']).toBe('a=1; b=2')
  })

  it.for<[cookies: string, code: string]>([
    [`${OWN}=broken; __session=$T`, 'token_malformed'],
    [`${OWN}=$T; ${OWN}=$U`, 'credential_ambiguous'],
    [`__session=$T; __session=$U`, 'credential_ambiguous'],
    [`__session_AAAAAAAA=$T`, 'credential_missing'],
  ])('none falls back on another: %s', async ([cookie, code]) => {
    const headers = await filledHeaders({ cookie })
    expect(await codeOf(await send('/parties/main/x', { headers }))).toBe(code)
  })
})

describe('a header of a proxy', () => {
  const gate = countedGate({ carriers: cloudflareAccessCarriers })

  it.for<[name: string, headers: Readonly<Record<string, string>>, outcome: string]>([
    ['alone', { 'cf-access-jwt-assertion': '$T' }, 'alice'],
    [
      'before the cookie',
      { 'cf-access-jwt-assertion': '$T', cookie: 'CF_Authorization=$U' },
      'alice',
    ],
    ['and without it the cookie', { cookie: 'CF_Authorization=$T' }, 'alice'],
    ['the same twice', { 'cf-access-jwt-assertion': '$T, $T' }, 'alice'],
    ['two different', { 'cf-access-jwt-assertion': '$T, $U' }, 'credential_ambiguous'],
    [
      'broken',
      { 'cf-access-jwt-assertion': 'x', cookie: 'CF_Authorization=$T' },
      'token_malformed',
    ],
    ['with a scheme', { 'cf-access-jwt-assertion': 'Bearer $T' }, 'token_invalid'],
    ['empty', { 'cf-access-jwt-assertion': '' }, 'credential_missing'],
    ['a cookie of other gates', { cookie: '__session=$T' }, 'credential_missing'],
  ])('%s', async ([, headers, outcome]) => {
    const response = await gate.send('/parties/main/x', { headers: await filledHeaders(headers) })
    if (response.status !== 200) return expect(await codeOf(response)).toBe(outcome)
    const seen = await seenBy(response)
    expect(seen['x-verified-subject']).toBe(outcome)
    expect(seen['cf-access-jwt-assertion']).toBeUndefined()
    expect(seen['cookie']).toBeUndefined()
  })

  it('is taken out under any name', async () => {
    const { send } = countedGate({ carriers: { header: 'x-token' } })
    const headers = await filledHeaders({ 'x-token': '$T' })
    expect(await seenBy(await send('/parties/main/x', { headers }))).not.toHaveProperty('x-token')
  })

  it.for<[name: string, headers: Readonly<Record<string, string>>, status: number]>([
    ['a service, which sends no Origin', {}, 200],
    ['a page of its own', { origin: ORIGIN }, 200],
    ['a page of another site', { origin: 'https://evil.example' }, 403],
    ['a page that hides its origin', { origin: 'null' }, 403],
    ['a browser that says nothing of the page', { cookie: 'a=1' }, 403],
  ])('is as ambient as a cookie: a change by %s', async ([, headers, status]) => {
    const all = await filledHeaders({ 'cf-access-jwt-assertion': '$T', ...headers })
    expect((await gate.send('/parties/main/x', { ...POST, headers: all })).status).toBe(status)
  })

  it.for(['authorization', 'Cookie', 'sec-websocket-protocol', 'two words', ''])(
    'cannot be %j',
    (header) => {
      expect(() => countedGate({ carriers: { header } })).toThrow(/carriers\.header: /)
    },
  )

  it.for([[], ['a b'], ['a', '']])('cookies cannot be %j', (cookie) => {
    expect(() => countedGate({ carriers: { cookie } })).toThrow(/carriers\.cookie: /)
  })

  it.for(['__refresh', ['a b'], ['a', ''], [1], null])(
    'cookies that are only taken out cannot be %j',
    (dropCookies) => {
      const carriers = { dropCookies } as unknown as CarrierOptions
      expect(() => countedGate({ carriers })).toThrow(/carriers\.dropCookies: /)
    },
  )
})

function optionsFor(issuers: readonly unknown[], vars: object = {}) {
  const settings = readSettings({ JWT_ISSUERS: JSON.stringify(issuers), ...vars })
  return gateOptionsFrom(settings, undefined, {})
}

describe('a preset in JWT_ISSUERS', () => {
  it.for<[issuer: Readonly<Record<string, unknown>>]>([
    [{ preset: 'auth0', domain: 'acme.auth0.com', audience: 'api' }],
    [{ preset: 'better_auth', base_url: 'https://app.example.com' }],
    [{ preset: 'clerk', issuer: 'https://clerk.example.com', accepts: ['session', 'm2m'] }],
    [{ preset: 'cloudflare_access', team: 'acme', audience: 'f00d', service_tokens: true }],
    [{ preset: 'cognito', region: 'eu-west-1', user_pool_id: 'eu-west-1_A', client_id: ['c'] }],
    [{ preset: 'firebase', project_id: 'acme', clock_skew_seconds: 10 }],
    [{ preset: 'keycloak', url: 'https://id.example.com', realm: 'demo', audience: ['rooms'] }],
    [{ preset: 'oidc', issuer: 'https://id.example.com', audience: 'rooms' }],
    [{ preset: 'supabase', url: 'https://abc.supabase.co' }],
    [{ preset: 'workos', client_id: 'client_1' }],
  ])('takes its own fields: %j', ([issuer]) => {
    expect(optionsFor([issuer]).verify).toHaveLength(1)
  })

  it.for<[named: string, issuer: Readonly<Record<string, unknown>>]>([
    ['preset', { preset: 'hunter2' }],
    ['preset', { preset: 'constructor' }],
    ['domain', { preset: 'auth0', audience: 'api' }],
    ['domain', { preset: 'auth0', domain: 'https://hunter2', audience: 'api' }],
    [
      'user_pool_id',
      { preset: 'cognito', region: 'x', user_pool_id: '../hunter2', client_id: 'c' },
    ],
    ['jwks_url', { preset: 'workos', client_id: 'c', jwks_url: 'https://hunter2.example' }],
    ['publishable_key', { preset: 'clerk', publishable_key: 'hunter2' }],
    ['jwt_key', { preset: 'clerk', issuer: 'https://clerk.example.com', jwt_key: 'hunter2' }],
    ['issuer', { preset: 'clerk' }],
  ])('names the field that is wrong: %s of %j', ([named, issuer]) => {
    expect(() => optionsFor([issuer])).toThrow(`JWT_ISSUERS[0].${named}: `)
    expect(() => optionsFor([issuer])).not.toThrow(/hunter2/)
  })

  it('brings the carriers of its tokens, beside the others', () => {
    const clerk = { preset: 'clerk', publishable_key: KEY }
    const access = { preset: 'cloudflare_access', team: 'acme', audience: 'f00d' }
    expect(optionsFor([clerk]).carriers).toEqual(CLERK)
    expect(optionsFor([access]).carriers).toEqual({
      header: 'cf-access-jwt-assertion',
      cookie: ['CF_Authorization', '__session'],
      dropCookies: [],
    })
    const plain = { issuer: 'https://issuer.example' }
    expect(optionsFor([plain]).carriers).toEqual({ cookie: ['__session'], dropCookies: [] })
    const key = 'pk_live_Y2xlcmsuZXhhbXBsZS5vcmck'
    const dropped = [...CLERK.dropCookies, ...clerkCarriers(key).dropCookies]
    const both = optionsFor([clerk, { preset: 'clerk', publishable_key: key }])
    expect(both.carriers?.dropCookies).toEqual([...new Set(dropped)])
  })

  it('redirects to SIGN_IN_URL, and names it where it is wrong', async () => {
    const clerk = { preset: 'clerk', publishable_key: KEY }
    const signIn = 'https://app.example.com/sign-in'
    const gate = createGate(optionsFor([clerk], { SIGN_IN_URL: signIn }))
    const request = new Request(`${ORIGIN}/parties/main/x`, { headers: { accept: 'text/html' } })
    const response = await gate.fetch(request, env, createExecutionContext())
    expect(response.headers.get('location')).toMatch(/^https:\/\/app\.example\.com\/sign-in\?/)
    expect(() => optionsFor([clerk], { SIGN_IN_URL: '/sign-in' })).toThrow(/^SIGN_IN_URL: /)
  })
})
