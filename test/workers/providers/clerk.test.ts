import { beforeAll, describe, expect, it } from 'vitest'
import { identityHeaders } from '../../../src/identity/headers.ts'
import { clerk, type ClerkToken } from '../../../src/portico.ts'
import { identityOf } from '../../../src/room.ts'
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
import { NOW } from '../verify/verdict.ts'

const ISSUER = 'https://clerk.example.com'
const KEYS = `${ISSUER}/.well-known/jwks.json`
const PARTY = 'https://app.example.com'

const SESSION = {
  iss: ISSUER,
  sub: 'user_2b7',
  sid: 'sess_2b8',
  azp: PARTY,
  nbf: NOW - 10,
  fva: [3, -1],
  sts: 'active',
  v: 2,
}

const tokens = {
  session: { claims: SESSION, header: { cat: 'cl_B7d4PD111AAA' } },
  template: {
    claims: { iss: ISSUER, sub: 'user_2b7', azp: PARTY, jti: 'j1' },
    header: { cat: 'cl_B7d4PD222AAA' },
  },
  m2m: {
    claims: { iss: ISSUER, sub: 'mch_2b9', jti: 'mt_1', scopes: 'mch_gate' },
    header: { cat: 'cl_B7d4PD333AAA' },
  },
  oauth: {
    claims: { iss: ISSUER, sub: 'user_2b7', client_id: 'c1', scope: 'openid', jti: 'oat_1' },
    header: { typ: 'at+jwt' },
  },
} satisfies Readonly<Record<ClerkToken, Issued>>

async function judged(options: Parameters<typeof clerk>[0], token: Issued) {
  const issuer = await published('RS256')
  const context = contextServing({ [KEYS]: { keys: [issuer.jwk] } })
  return judge(clerk(options), await issue(issuer, token), context)
}

function changed(kind: ClerkToken, { claims = {}, header = {} }: Issued): Issued {
  const token = tokens[kind]
  return { claims: { ...token.claims, ...claims }, header: { ...token.header, ...header } }
}

beforeAll(() => makePairs(['RS256']), KEY_TIMEOUT_MS)

describe('the kinds of tokens', () => {
  const kinds = Object.keys(tokens) as ClerkToken[]

  it.for(kinds.flatMap((accepts) => kinds.map((kind) => [accepts, kind] as const)))(
    'accepting %s only, decides on %s',
    async ([accepts, kind]) => {
      const verdict = await judged({ issuer: ISSUER, accepts }, tokens[kind])
      if (kind === accepts) expect(verdict).toMatchObject({ subject: tokens[kind].claims.sub })
      else expect(verdict).toMatch(/^token_invalid: the token's "(?:cat|typ|sub)" is missing/)
    },
  )

  it.for(kinds)('accepts %s among all kinds', async (kind) => {
    const verdict = await judged({ issuer: ISSUER, accepts: kinds }, tokens[kind])
    expect(verdict).toMatchObject({ subject: tokens[kind].claims.sub })
  })

  it.for<[name: string, kind: ClerkToken, changes: Issued]>([
    ['a session of before there were categories', 'session', { header: { cat: undefined } }],
    ['a template of before there were categories', 'template', { header: { cat: undefined } }],
    ['a machine token of before there were categories', 'm2m', { header: { cat: undefined } }],
    ['an OAuth token with a full media type', 'oauth', { header: { typ: 'application/at+jwt' } }],
    ['a session without a status', 'session', { claims: { sts: undefined } }],
    ['a session at the end of the skew', 'session', { claims: { exp: NOW - 4 } }],
  ])('knows %s', async ([, kind, changes]) => {
    const verdict = await judged({ issuer: ISSUER, accepts: kind }, changed(kind, changes))
    expect(verdict).toMatchObject({ subject: tokens[kind].claims.sub })
  })

  it.for<[name: string, changes: Issued, claim: string]>([
    [
      'a template without a category',
      { claims: { sid: undefined }, header: { cat: undefined } },
      'sid',
    ],
    ['a session whose sid is empty', { claims: { sid: '' } }, 'sid'],
    ['a pending session', { claims: { sts: 'pending' } }, 'sts'],
    ['a category that nobody knows', { header: { cat: 'cl_B7d4PD999AAA' } }, 'cat'],
    ['a category that is no text', { header: { cat: 1 } }, 'cat'],
    ['a machine with the category of a session', { claims: { sub: 'mch_1' } }, 'sub'],
    ['a session of another page', { claims: { azp: 'https://evil.example' } }, 'azp'],
    ['a session of no page', { claims: { azp: undefined } }, 'azp'],
    ['a session with an audience', { claims: { aud: 'x' } }, 'aud'],
    ['an access token', { header: { typ: 'at+jwt' } }, 'typ'],
  ])('refuses as a session: %s', async ([, changes, claim]) => {
    const options = { issuer: ISSUER, authorizedParties: [PARTY] }
    expect(await judged(options, tokens.session)).toMatchObject({ session: 'sess_2b8' })
    expect(await judged(options, changed('session', changes))).toBe(wrongClaim(claim))
  })

  it('tells an expired session to come back', async () => {
    const verdict = await judged(
      { issuer: ISSUER },
      changed('session', { claims: { exp: NOW - 5 } }),
    )
    expect(verdict).toBe('token_expired: the token has expired')
  })

  it('asks a machine for the audience of machines, and for no page', async () => {
    const options = {
      issuer: ISSUER,
      accepts: ['session', 'm2m'],
      authorizedParties: [PARTY],
      machineAudience: 'mch_gate',
    } as const
    const named = changed('m2m', { claims: { aud: ['mch_gate', 'mch_other'] } })
    expect(await judged(options, named)).toMatchObject({ subject: 'mch_2b9' })
    expect(await judged(options, tokens.session)).toMatchObject({ subject: 'user_2b7' })
    for (const aud of [undefined, ['mch_other'], []]) {
      expect(await judged(options, changed('m2m', { claims: { aud } }))).toBe(wrongClaim('aud'))
    }
    const page = changed('session', { claims: { azp: undefined } })
    expect(await judged(options, page)).toBe(wrongClaim('azp'))
  })

  it.for(['mt_abc', 'oat_abc', 'ak_abc'])('has no form for the opaque token %s', async (token) => {
    expect(await judge(clerk({ issuer: ISSUER, accepts: kinds }), token, contextServing({}))).toBe(
      'token_malformed: the token has no form that is known here',
    )
  })
})

describe('the organisation', () => {
  const BIG = (1n << 70n) + 2n

  it.for<[name: string, claims: Readonly<Record<string, unknown>>, organization: unknown]>([
    ['none', {}, undefined],
    ['none, in the first version', { v: undefined }, undefined],
    [
      'the first version',
      {
        v: undefined,
        org_id: 'org_1',
        org_slug: 'acme',
        org_role: 'org:admin',
        org_permissions: ['org:teams:read'],
      },
      { id: 'org_1', slug: 'acme', roles: ['org:admin'], permissions: ['org:teams:read'] },
    ],
    [
      'the second version',
      {
        o: { id: 'org_1', slg: 'acme', rol: 'admin', per: 'read,manage', fpm: '3,2' },
        fea: 'o:dashboard,u:billing,o:teams',
      },
      {
        id: 'org_1',
        slug: 'acme',
        roles: ['org:admin'],
        permissions: ['org:dashboard:read', 'org:dashboard:manage', 'org:teams:manage'],
      },
    ],
    [
      'more permissions than a double has bits',
      {
        o: {
          id: 'org_1',
          per: Array.from({ length: 71 }, (_, index) => `p${index}`).join(),
          fpm: String(BIG),
        },
        fea: 'ou:dashboard',
      },
      { id: 'org_1', roles: [], permissions: ['org:dashboard:p1', 'org:dashboard:p70'] },
    ],
    [
      'a mask for a feature that is not there, and a feature without a mask',
      { o: { id: 'org_1', per: 'read', fpm: '1' }, fea: 'o:a,o:b' },
      { id: 'org_1', roles: [], permissions: ['org:a:read'] },
    ],
    [
      'masks that are no numbers',
      { o: { id: 'org_1', per: 'read', fpm: '-1,0x1,1e3,' }, fea: 'o:a,o:b,o:c,o:d' },
      { id: 'org_1', roles: [], permissions: [] },
    ],
    [
      'claims of another type',
      { o: { id: 'org_1', slg: 1, rol: ['admin'], per: ['read'], fpm: 1 }, fea: ['o:a'] },
      { id: 'org_1', roles: [], permissions: [] },
    ],
    [
      'claims of the first version in the second',
      { org_id: 'org_1', org_role: 'org:admin' },
      undefined,
    ],
    ['no id', { o: { rol: 'admin' } }, undefined],
    ['a text', { o: 'org_1' }, undefined],
  ])('is read: %s', async ([, claims, organization]) => {
    const verdict = await judged({ issuer: ISSUER }, changed('session', { claims }))
    expect(verdict).toHaveProperty('organization', organization)
  })

  it('reaches a room as it was read, and cannot be changed on the way', async () => {
    const claims = { o: { id: 'org_1', slg: 'acmé', rol: 'admin' } }
    const identity = await judged({ issuer: ISSUER }, changed('session', { claims }))
    if (typeof identity === 'string') throw new Error(identity)
    const { organization } = identity
    const headers = identityHeaders(identity)
    if (!headers.ok) throw new Error(headers.refusal.detail)
    const pairs = headers.value.map(([name, value]): [string, string] => [name, value])
    const caller = identityOf(new Request('https://gate.example/', { headers: pairs }))
    expect(caller?.organization).toEqual({
      id: 'org_1',
      slug: 'acmé',
      roles: ['org:admin'],
      permissions: [],
    })
    expect(() => Object.assign(organization ?? {}, { id: 'org_2' })).toThrow(TypeError)
    expect(() => Object.assign(organization?.roles ?? [], ['org:owner'])).toThrow(TypeError)
  })
})
