import { expect, it } from 'vitest'
import {
  auth0,
  betterAuth,
  clerk,
  clerkCarriers,
  cloudflareAccess,
  cognito,
  ConfigurationError,
  firebase,
  jwt,
  keycloak,
  oidc,
  supabase,
  verifyToken,
  workos,
  type JwtIssuerOptions,
} from '../../../src/portico.ts'
import { sha1 } from '../../../src/providers/sha1.ts'
import { mintToken, SECRET } from '../../support/mint-token.ts'

const presets = {
  ...{ auth0, betterAuth, clerk, cloudflareAccess, cognito },
  ...{ firebase, keycloak, oidc, supabase, workos },
}

type PresetName = keyof typeof presets

const VALID: Readonly<Record<PresetName, Readonly<Record<string, unknown>>>> = {
  auth0: { domain: 'acme.auth0.com', audience: 'api' },
  betterAuth: { baseUrl: 'https://app.example.com' },
  clerk: { issuer: 'https://clerk.example.com' },
  cloudflareAccess: { team: 'acme', audience: 'f00d' },
  cognito: { region: 'eu-west-1', userPoolId: 'eu-west-1_A', clientId: 'c' },
  firebase: { projectId: 'acme' },
  keycloak: { url: 'https://id.example.com', realm: 'demo', audience: 'rooms' },
  oidc: { issuer: 'https://id.example.com', audience: 'rooms' },
  supabase: { url: 'https://abc.supabase.co' },
  workos: { clientId: 'client_1' },
}

function make(name: PresetName, changes: Readonly<Record<string, unknown>>) {
  const preset = presets[name] as (options: object) => JwtIssuerOptions
  return () => jwt(preset({ ...VALID[name], ...changes }))
}

it.for(Object.keys(VALID) as PresetName[])('%s needs no more than this', (name) => {
  expect(make(name, {})).not.toThrow()
})

const wrong: readonly (readonly [PresetName, Readonly<Record<string, unknown>>, option: string])[] =
  [
    ...(Object.keys(VALID) as PresetName[]).flatMap((name) => [
      [name, { jwksUrl: 'https://evil.example' }, 'jwksUrl'] as const,
      [name, { autorizedParties: ['x'] }, 'autorizedParties'] as const,
      [name, { userClaim: undefined }, 'userClaim'] as const,
      [name, { authorizedParties: [] }, 'authorizedParties'] as const,
    ]),
    ['auth0', { domain: 'https://acme.auth0.com' }, 'domain'],
    ['auth0', { domain: 'acme.auth0.com/x' }, 'domain'],
    ['auth0', { domain: 'a@acme.auth0.com' }, 'domain'],
    ['auth0', { audience: [] }, 'audience'],
    ['betterAuth', { baseUrl: 'http://app.example.com' }, 'baseUrl'],
    ['betterAuth', { basePath: '/../x' }, 'basePath'],
    ['clerk', { issuer: 'clerk.example.com' }, 'issuer'],
    ['clerk', { accepts: [] }, 'accepts'],
    ['clerk', { accepts: 'sessions' }, 'accepts'],
    ['clerk', { accepts: ['session', 'constructor'] }, 'accepts'],
    ['clerk', { jwtKey: 'x' }, 'publicKey'],
    ['cloudflareAccess', { team: 'acme.evil.com/' }, 'team'],
    ['cloudflareAccess', { serviceTokens: 'yes' }, 'serviceTokens'],
    ['cognito', { region: 'x/y' }, 'region'],
    ['cognito', { userPoolId: '../x' }, 'userPoolId'],
    ['cognito', { clientId: [] }, 'clientId'],
    ['cognito', { tokenUse: 'refresh' }, 'tokenUse'],
    ['firebase', { projectId: 'a/b' }, 'projectId'],
    ['keycloak', { url: 'https://id.example.com/?x' }, 'url'],
    ['keycloak', { realm: 'a/../b' }, 'realm'],
    ['oidc', { issuer: 'http://id.example.com' }, 'issuer'],
    ['oidc', { audience: '' }, 'audience'],
    ['supabase', { url: 'abc' }, 'url'],
    ['supabase', { secret: 'short' }, 'secret'],
    ['workos', { clientId: 'client/1' }, 'clientId'],
  ]

it.for(wrong)('%s with %j names %s', ([name, changes, option]) => {
  expect(make(name, changes)).toThrow(ConfigurationError)
  expect(make(name, changes)).toThrow(new RegExp(`^${option}: `))
})

const KEY = 'pk_live_Y2xlcmsuZXhhbXBsZS5jb20k'

it('takes the issuer of a Clerk instance from its publishable key', () => {
  expect(clerk({ publishableKey: KEY }).issuer).toBe('https://clerk.example.com')
})

it.for(['pk_live_', 'pk_live_!!!', 'sk_live_Y2xlcmsuZXhhbXBsZS5jb20k', `pk_live_${btoa('a/b$')}`])(
  'refuses %s as a publishable key',
  (publishableKey) => {
    expect(() => clerk({ publishableKey })).toThrow(/^publishableKey: /)
    expect(() => clerkCarriers(publishableKey)).toThrow(/^publishableKey: /)
  },
)

it('hashes as WebCrypto does, whatever the length', async () => {
  for (let length = 0; length < 200; length++) {
    const bytes = crypto.getRandomValues(new Uint8Array(length))
    expect(sha1(bytes)).toEqual(new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)))
  }
})

it("names the instance's own cookie first", () => {
  const [own, shared, ...others] = clerkCarriers(KEY).cookie
  expect([own, shared, others]).toEqual([
    expect.stringMatching(/^__session_[\w-]{8}$/),
    '__session',
    [],
  ])
})

function optionsAccepting(claim: string | undefined): JwtIssuerOptions {
  return { issuer: 'https://issuer.example', secret: SECRET, accepts: () => claim }
}

it('verifies inside a hook by the very rule that is given, not by one that reads the same', async () => {
  const token = await mintToken({ aud: undefined })
  await expect(verifyToken(token, optionsAccepting(undefined))).resolves.toMatchObject({
    sub: 'alice',
  })
  await expect(verifyToken(token, optionsAccepting('cat'))).rejects.toThrow(/"cat"/)
})
