import { beforeAll, describe, expect, it } from 'vitest'
import {
  auth0,
  betterAuth,
  cloudflareAccess,
  cognito,
  firebase,
  keycloak,
  supabase,
  workos,
  type Identity,
} from '../../../src/portico.ts'
import type { JwtIssuerOptions } from '../../../src/verify/jwt-options.ts'
import { NOW } from '../verify/verdict.ts'
import {
  KEY_TIMEOUT_MS,
  makePairs,
  contextServing,
  issue,
  judge,
  published,
  wrongClaim,
  type Issued,
} from './published.ts'

interface Provider {
  readonly name: string
  readonly options: JwtIssuerOptions
  readonly alg: string
  readonly keysAt: string
  /** The shape that the provider documents. */
  readonly token: Required<Issued>
  readonly identity: Partial<Identity>
  /** Other tokens that it signs with the same keys, or that come near, and what they fail at. */
  readonly misses: readonly (readonly [name: string, changes: Issued, claim: string])[]
}

const POOL = 'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEf123'
const REALM = 'https://id.example.com/realms/demo'
const USER = '6b0d5d5e-6a5c-4f4d-9a43-0d3b2ce8a3c5'

const auth0Claims = {
  iss: 'https://acme.eu.auth0.com/',
  sub: 'auth0|6553da60a54af58e29493993',
  aud: ['https://rooms.example.com/', 'https://acme.eu.auth0.com/userinfo'],
  azp: 'K1AUPhZq8mRi0Q0pjhkfu1D7y6KjDQja',
  scope: 'openid profile',
  org_id: 'org_9ybsU1dN2dKfDkBi',
  permissions: ['read:rooms'],
}

const cognitoAccess = {
  iss: POOL,
  sub: USER,
  client_id: '1example23456789',
  origin_jti: 'd1b9b2c1-3a6c-4a4c-8b8b-6f0c3b6c7a11',
  event_id: '0a1b2c3d',
  token_use: 'access',
  scope: 'aws.cognito.signin.user.admin',
  auth_time: NOW - 100,
  jti: 'ef5c7e4d',
  username: 'alice',
  'cognito:groups': ['editors'],
}

const cognitoId = {
  iss: POOL,
  sub: USER,
  aud: '1example23456789',
  origin_jti: 'd1b9b2c1-3a6c-4a4c-8b8b-6f0c3b6c7a11',
  token_use: 'id',
  auth_time: NOW - 100,
  'cognito:username': 'alice',
  'cognito:groups': ['editors'],
  email: 'alice@example.com',
}

const accessClaims = {
  aud: ['32eafc7626e974616deaf0dc3ce63d7b'],
  email: 'alice@example.com',
  nbf: NOW - 10,
  iss: 'https://acme.cloudflareaccess.com',
  type: 'app',
  identity_nonce: '6ei69kawdKzMIAPF',
  sub: USER,
  country: 'PT',
}

const serviceClaims = {
  type: 'app',
  aud: ['32eafc7626e974616deaf0dc3ce63d7b'],
  iss: 'https://acme.cloudflareaccess.com',
  common_name: 'e367826f93b8d71185e03fe518aff3b4.access',
  sub: '',
}

const keycloakClaims = {
  iss: REALM,
  aud: ['rooms', 'account'],
  sub: USER,
  typ: 'Bearer',
  azp: 'demo-app',
  sid: '0d2c7b4a-1fb5-4b88-9d0a-4c4f44f9b1a7',
  jti: 'onrtac:7c1b',
  acr: '1',
  realm_access: { roles: ['offline_access', 'editor'] },
  resource_access: { rooms: { roles: ['moderator'] } },
  scope: 'openid email profile',
  preferred_username: 'alice',
}

const workosClaims = {
  iss: 'https://api.workos.com/user_management/client_01HXYZ',
  sub: 'user_01HBEQKA6K4QJAS93VPE39W1JT',
  sid: 'session_01HQSXZGF8FHF7A9ZZFCW4387R',
  org_id: 'org_01HRDMC6CM357W30QMHMQ96Q0S',
  role: 'member',
  roles: ['member', 'editor'],
  permissions: ['posts:read'],
  jti: '01HQSXZXPPFPKMDD32RKTFY6PV',
}

const supabaseClaims = {
  iss: 'https://abcdefgh.supabase.co/auth/v1',
  sub: USER,
  aud: 'authenticated',
  role: 'authenticated',
  aal: 'aal1',
  session_id: '4b938a09-5372-4177-a314-cfa292099ea2',
  email: 'alice@example.com',
  is_anonymous: false,
  app_metadata: { provider: 'email' },
  user_metadata: {},
  amr: [{ method: 'password', timestamp: NOW - 10 }],
}

const firebaseClaims = {
  iss: 'https://securetoken.google.com/acme-rooms',
  aud: 'acme-rooms',
  auth_time: NOW - 100,
  user_id: 'uZ8Yk0',
  sub: 'uZ8Yk0',
  email: 'alice@example.com',
  firebase: {
    identities: { email: ['alice@example.com'] },
    sign_in_provider: 'password',
    tenant: 'blue-1234',
  },
}

const betterAuthClaims = {
  iss: 'https://app.example.com',
  aud: 'https://app.example.com',
  sub: 'HyN2FJ0L5dGgeJvVwZ5wfmE3hZ9rXQ1c',
  name: 'Alice',
  role: 'user,admin',
}

const poolOptions = {
  region: 'eu-west-1',
  userPoolId: 'eu-west-1_AbCdEf123',
  clientId: '1example23456789',
}
const accessOptions = { team: 'acme', audience: '32eafc7626e974616deaf0dc3ce63d7b' }

const providers: readonly Provider[] = [
  {
    name: 'auth0',
    options: auth0({ domain: 'acme.eu.auth0.com', audience: 'https://rooms.example.com/' }),
    alg: 'RS256',
    keysAt: 'https://acme.eu.auth0.com/.well-known/jwks.json',
    token: { claims: auth0Claims, header: {} },
    identity: {
      subject: auth0Claims.sub,
      username: auth0Claims.sub,
      organization: { id: 'org_9ybsU1dN2dKfDkBi', roles: [], permissions: ['read:rooms'] },
    },
    misses: [
      ['an ID token', { claims: { aud: auth0Claims.azp, nonce: 'n' } }, 'aud'],
      ['a token for another API', { claims: { aud: 'https://other.example.com/' } }, 'aud'],
      ['a token without an audience', { claims: { aud: undefined } }, 'aud'],
      ['a logout token', { header: { typ: 'logout+jwt' } }, 'typ'],
    ],
  },
  {
    name: 'auth0, in the profile of RFC 9068',
    options: auth0({ domain: 'acme.eu.auth0.com', audience: 'https://rooms.example.com/' }),
    alg: 'RS256',
    keysAt: 'https://acme.eu.auth0.com/.well-known/jwks.json',
    token: {
      claims: { ...auth0Claims, azp: undefined, client_id: auth0Claims.azp, jti: '73WakrfVbNJBa' },
      header: { typ: 'at+jwt' },
    },
    identity: { subject: auth0Claims.sub, tokenId: '73WakrfVbNJBa' },
    misses: [],
  },
  {
    name: 'supabase',
    options: supabase({ url: 'https://abcdefgh.supabase.co' }),
    alg: 'ES256',
    keysAt: 'https://abcdefgh.supabase.co/auth/v1/.well-known/jwks.json',
    token: { claims: supabaseClaims, header: {} },
    identity: {
      subject: USER,
      session: '4b938a09-5372-4177-a314-cfa292099ea2',
      roles: ['authenticated'],
    },
    misses: [
      ['a token for nobody in particular', { claims: { aud: 'anon', role: 'anon' } }, 'aud'],
      ['a token without a session', { claims: { session_id: undefined } }, 'session_id'],
      ['a token whose session is no text', { claims: { session_id: 7 } }, 'session_id'],
    ],
  },
  {
    name: 'firebase',
    options: firebase({ projectId: 'acme-rooms' }),
    alg: 'RS256',
    keysAt:
      'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    token: { claims: firebaseClaims, header: {} },
    identity: {
      subject: 'uZ8Yk0',
      organization: { id: 'blue-1234', roles: [], permissions: [] },
    },
    misses: [
      ['a token for another project', { claims: { aud: 'other' } }, 'aud'],
      ['a sign-in in the future', { claims: { auth_time: NOW + 6 } }, 'auth_time'],
      ['a custom token, without a sign-in', { claims: { auth_time: undefined } }, 'auth_time'],
      ['an empty subject', { claims: { sub: '' } }, 'sub'],
    ],
  },
  {
    name: 'cognito',
    options: cognito(poolOptions),
    alg: 'RS256',
    keysAt: `${POOL}/.well-known/jwks.json`,
    token: { claims: cognitoAccess, header: { typ: undefined } },
    identity: {
      subject: USER,
      username: 'alice',
      session: cognitoAccess.origin_jti,
      roles: ['editors'],
    },
    misses: [
      ['an ID token', { claims: { ...cognitoId, client_id: undefined } }, 'token_use'],
      ['a token of another client', { claims: { client_id: 'other' } }, 'client_id'],
      ['a token with no client', { claims: { client_id: undefined } }, 'client_id'],
      ['a token for another resource', { claims: { aud: 'https://other.example' } }, 'aud'],
    ],
  },
  {
    name: 'cognito, ID tokens',
    options: cognito({ ...poolOptions, tokenUse: 'id' }),
    alg: 'RS256',
    keysAt: `${POOL}/.well-known/jwks.json`,
    token: { claims: cognitoId, header: { typ: undefined } },
    identity: { subject: USER, username: 'alice', roles: ['editors'] },
    misses: [
      ['an access token', { claims: { ...cognitoAccess, aud: undefined } }, 'token_use'],
      ['a token of another client', { claims: { aud: 'other' } }, 'aud'],
    ],
  },
  {
    name: 'keycloak',
    options: keycloak({
      url: 'https://id.example.com/',
      realm: 'demo',
      audience: 'rooms',
      authorizedParties: ['demo-app'],
    }),
    alg: 'RS256',
    keysAt: `${REALM}/protocol/openid-connect/certs`,
    token: { claims: keycloakClaims, header: {} },
    identity: {
      subject: USER,
      username: USER,
      session: keycloakClaims.sid,
      roles: ['offline_access', 'editor', 'rooms:moderator'],
    },
    misses: [
      ['an ID token', { claims: { typ: 'ID', aud: 'demo-app' } }, 'typ'],
      ['an ID token for the same audience', { claims: { typ: 'ID' } }, 'typ'],
      ['a refresh token', { claims: { typ: 'Refresh' } }, 'typ'],
      ['a token that is bound to a DPoP key', { claims: { typ: 'DPoP' } }, 'typ'],
      ['a token for another audience', { claims: { aud: 'account' } }, 'aud'],
      ['a token of another client', { claims: { azp: 'other-app' } }, 'azp'],
    ],
  },
  {
    name: 'workos',
    options: workos({ clientId: 'client_01HXYZ' }),
    alg: 'RS256',
    keysAt: 'https://api.workos.com/sso/jwks/client_01HXYZ',
    token: { claims: workosClaims, header: { typ: undefined } },
    identity: {
      subject: workosClaims.sub,
      session: workosClaims.sid,
      organization: {
        id: workosClaims.org_id,
        roles: ['member', 'editor'],
        permissions: ['posts:read'],
      },
    },
    misses: [
      ['a token without a session', { claims: { sid: undefined } }, 'sid'],
      ['a token for a resource', { claims: { aud: 'https://mcp.example.com' } }, 'aud'],
    ],
  },
  {
    name: 'workos, with the issuer of an older environment and one role',
    options: workos({ clientId: 'client_01HXYZ', issuer: 'https://api.workos.com' }),
    alg: 'RS256',
    keysAt: 'https://api.workos.com/sso/jwks/client_01HXYZ',
    token: {
      claims: { ...workosClaims, iss: 'https://api.workos.com', roles: undefined },
      header: {},
    },
    identity: {
      organization: {
        id: workosClaims.org_id,
        roles: ['member'],
        permissions: ['posts:read'],
      },
    },
    misses: [],
  },
  ...['EdDSA', 'ES256', 'RS256', 'PS256'].map((alg) => ({
    name: `better auth, by ${alg}`,
    options: betterAuth({ baseUrl: 'https://app.example.com' }),
    alg,
    keysAt: 'https://app.example.com/api/auth/jwks',
    token: { claims: betterAuthClaims, header: { typ: undefined } },
    identity: { subject: betterAuthClaims.sub, roles: ['user', 'admin'] },
    misses: [
      ['a token for another app', { claims: { aud: 'https://other.example.com' } }, 'aud'],
    ] as const,
  })),
  {
    name: 'cloudflare access',
    options: cloudflareAccess(accessOptions),
    alg: 'RS256',
    keysAt: 'https://acme.cloudflareaccess.com/cdn-cgi/access/certs',
    token: { claims: accessClaims, header: {} },
    identity: { subject: USER, username: USER },
    misses: [
      ['a token for another application', { claims: { aud: ['f00d'] } }, 'aud'],
      ["the team's own session", { claims: { type: 'org' } }, 'type'],
      ['a service token', { claims: { ...accessClaims, ...serviceClaims } }, 'common_name'],
      ['a person without a subject', { claims: { sub: '' } }, 'sub'],
    ],
  },
  {
    name: 'cloudflare access, with service tokens',
    options: cloudflareAccess({ ...accessOptions, serviceTokens: true }),
    alg: 'RS256',
    keysAt: 'https://acme.cloudflareaccess.com/cdn-cgi/access/certs',
    token: { claims: serviceClaims, header: {} },
    identity: { subject: serviceClaims.common_name, username: serviceClaims.common_name },
    misses: [
      ['a service token for another application', { claims: { aud: ['f00d'] } }, 'aud'],
      ['a service token without a name', { claims: { common_name: undefined } }, 'sub'],
      ['a service token with a person', { claims: { sub: USER } }, 'common_name'],
    ],
  },
]

beforeAll(() => makePairs(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']), KEY_TIMEOUT_MS)

describe.for(providers)('$name', ({ options, alg, keysAt, token, identity, misses }) => {
  it('accepts a token as it is documented, and reads who it is', async () => {
    const issuer = await published(alg)
    const context = contextServing({ [keysAt]: { keys: [issuer.jwk] } })
    expect(await judge(options, await issue(issuer, token), context)).toMatchObject({
      issuer: token.claims['iss'],
      ...identity,
    })
  })

  it.for(misses)('refuses %s', async ([, changes, claim]) => {
    const issuer = await published(alg)
    const context = contextServing({ [keysAt]: { keys: [issuer.jwk] } })
    const changed = {
      claims: { ...token.claims, ...changes.claims },
      header: { ...token.header, ...changes.header },
    }
    expect(await judge(options, await issue(issuer, changed), context)).toBe(wrongClaim(claim))
  })

  it('refuses a token that others signed, under the same kid and for another algorithm', async () => {
    const [issuer, others] = [await published(alg), await published(alg, 'other')]
    const context = contextServing({ [keysAt]: { keys: [issuer.jwk] } })
    const foreign = "token_invalid: the token's signature is not its issuer's"
    expect(await judge(options, await issue(others, token), context)).toBe(foreign)
    const weaker = await published('ES384')
    const both = contextServing({ [keysAt]: { keys: [issuer.jwk, weaker.jwk] } })
    expect(await judge(options, await issue(weaker, token), both)).toBe(foreign)
  })

  it('knows no other issuer', async () => {
    const issuer = await published(alg)
    const context = contextServing({ [keysAt]: { keys: [issuer.jwk] } })
    const iss = `${String(token.claims['iss']).replace(/\/$/, '')}x`
    const other = await issue(issuer, { ...token, claims: { ...token.claims, iss } })
    expect(await judge(options, other, context)).toBe(
      'token_invalid: no configured issuer knows this token',
    )
  })
})

it('reads legacy tokens of Supabase by their secret, and no others by it', async () => {
  const secret = 'super-secret-jwt-token-with-at-least-32-characters'
  const options = supabase({ url: 'https://abcdefgh.supabase.co', secret })
  const key = { alg: 'HS256', privateKey: new TextEncoder().encode(secret), jwk: {} }
  const token = await issue(key as never, { claims: supabaseClaims })
  expect(await judge(options, token, contextServing({}))).toMatchObject({ subject: USER })
  const apiKey = await issue(key as never, {
    claims: { iss: 'supabase', ref: 'abcdefgh', role: 'service_role' },
  })
  expect(await judge(options, apiKey, contextServing({}))).toMatch(/^token_invalid: no configured/)
})

it('keeps issuers apart whose tokens one verifier takes', async () => {
  const [a, b] = [await published('RS256'), await published('RS256', 'other')]
  const options = [
    workos({ clientId: 'client_01HXYZ' }),
    supabase({ url: 'https://abcdefgh.supabase.co' }),
  ]
  const context = contextServing({
    'https://api.workos.com/sso/jwks/client_01HXYZ': { keys: [a.jwk] },
    'https://abcdefgh.supabase.co/auth/v1/.well-known/jwks.json': { keys: [b.jwk] },
  })
  const [ofA, ofB] = [{ claims: workosClaims }, { claims: supabaseClaims }]
  expect(await judge(options, await issue(a, ofA), context)).toMatchObject({ roles: [] })
  expect(await judge(options, await issue(b, ofB), context)).toMatchObject({ subject: USER })
  for (const confused of [await issue(a, ofB), await issue(b, ofA)]) {
    expect(await judge(options, confused, context)).toMatch(/signature/)
  }
})
