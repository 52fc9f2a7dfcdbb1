import { createHash, generateKeyPairSync, sign } from 'node:crypto'

export const PARTY = 'https://app.example.com'
export const PUBLISHABLE_KEY = `pk_live_${btoa('clerk.example.com$')}`
const SUFFIX = createHash('sha1').update(PUBLISHABLE_KEY).digest('base64url').slice(0, 8)

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const JWT_KEY = String(publicKey.export({ type: 'spki', format: 'pem' }))

type Members = Readonly<Record<string, unknown>>

const now = Math.floor(Date.now() / 1000)
const CLAIMS = {
  iss: 'https://clerk.example.com',
  sub: 'user_2b7',
  sid: 'sess_2b8',
  azp: PARTY,
  iat: now - 60,
  nbf: now - 70,
  exp: now + 3600,
  sts: 'active',
  v: 2,
}
const HEADER = { alg: 'RS256', kid: 'ins_2b9', typ: 'JWT', cat: 'cl_B7d4PD111AAA' }

/** Signed whatever it says, for a JWT library would correct some of it. */
function signed(header: string, claims: string, hash = 'sha256'): string {
  const input = [header, claims].map((text) => Buffer.from(text).toString('base64url')).join('.')
  return `${input}.${sign(hash, Buffer.from(input), privateKey).toString('base64url')}`
}

/** A session as Clerk makes it, but for these members; `undefined` leaves one out. */
function session(claims: Members = {}, header: Members = {}): string {
  const hash = header['alg'] === 'RS512' ? 'sha512' : 'sha256'
  return signed(
    JSON.stringify({ ...HEADER, ...header }),
    JSON.stringify({ ...CLAIMS, ...claims }),
    hash,
  )
}

/** A request, by its headers. `method` is GET where it is not given. */
export interface ClerkRequest {
  readonly method?: string
  readonly headers: Readonly<Record<string, string>>
}

function bearer(token: string): ClerkRequest {
  return { headers: { authorization: `Bearer ${token}` } }
}

function cookies(text: string, more: Partial<ClerkRequest> = {}): ClerkRequest {
  return { ...more, headers: { cookie: text, ...more.headers } }
}

const UAT = `__client_uat=${now - 120}`
const OWN_UAT = `__client_uat_${SUFFIX}=${now - 120}`
const T = session()
const OTHER = session({ sub: 'user_other', sid: 'sess_other' })
const OLD = session({ exp: now - 60, iat: now - 120, nbf: now - 130 })

/** Requests that Clerk's own library and the gate are both asked about. */
export const requests: Readonly<Record<string, ClerkRequest>> = {
  'no credential': { headers: {} },
  Bearer: bearer(T),
  'a bare token': { headers: { authorization: T } },
  'Bearer alone': { headers: { authorization: 'Bearer' } },
  'Bearer with a broken token': bearer('x'),
  'Bearer with a broken token, and a good cookie': cookies(`__session=${T}; ${UAT}`, bearer('x')),
  'bearer in small letters': { headers: { authorization: `bearer ${T}` } },
  'Bearer and two spaces': { headers: { authorization: `Bearer  ${T}` } },
  'Basic, and a good cookie': cookies(`__session=${T}; ${UAT}`, {
    headers: { authorization: 'Basic eDp5' },
  }),
  'Basic alone': { headers: { authorization: 'Basic eDp5' } },

  'a cookie': cookies(`__session=${T}; ${UAT}`),
  'a cookie with its suffix': cookies(`__session_${SUFFIX}=${T}; ${OWN_UAT}`),
  'a cookie with the suffix of another instance': cookies(`__session_AAAAAAAA=${T}; ${UAT}`),
  'both cookies, the one with the suffix good': cookies(
    `__session=${session({ iss: 'https://other.example' })}; ${UAT}; __session_${SUFFIX}=${T}; ${OWN_UAT}`,
  ),
  'both cookies, the one with the suffix expired': cookies(
    `__session=${T}; ${UAT}; __session_${SUFFIX}=${OLD}; ${OWN_UAT}`,
  ),
  'only the time of sign-in': cookies(UAT),
  'a cookie without the time of sign-in': cookies(`__session=${T}`),
  'a cookie from before the last sign-in': cookies(`__session=${T}; __client_uat=${now - 30}`),
  'a cookie after sign-out': cookies(`__session=${T}; __client_uat=0`),
  'an expired cookie': cookies(`__session=${OLD}; ${UAT}`),
  'two sessions in two cookies of one name': cookies(`__session=${T}; __session=${OTHER}; ${UAT}`),
  'a cookie, posted by its own page': cookies(`__session=${T}; ${UAT}`, {
    method: 'POST',
    headers: { origin: 'http://gate.example' },
  }),
  'a cookie, posted by a page of another site': cookies(`__session=${T}; ${UAT}`, {
    method: 'POST',
    headers: { origin: 'https://evil.example' },
  }),
  'a cookie, fetched by a page of another site': cookies(`__session=${T}; ${UAT}`, {
    headers: { origin: 'https://evil.example' },
  }),

  expired: bearer(OLD),
  'expired within the skew': bearer(session({ exp: now - 1 + 2 })),
  'not valid yet': bearer(session({ nbf: now + 600 })),
  'issued in the future': bearer(session({ iat: now + 600 })),
  'without exp': bearer(session({ exp: undefined })),
  'without iat': bearer(session({ iat: undefined })),
  'without sub': bearer(session({ sub: undefined })),
  'with a sub that is no text': bearer(session({ sub: 7 })),
  'with an empty sub': bearer(session({ sub: '' })),
  'with an exp that is text': bearer(session({ exp: String(now + 3600) })),
  'with an exp of 1e999': bearer(
    signed(
      JSON.stringify(HEADER),
      JSON.stringify({ ...CLAIMS, exp: 1 }).replace('"exp":1', '"exp":1e999'),
    ),
  ),
  'with an exp in milliseconds': bearer(session({ exp: (now + 3600) * 1000 })),
  'of another page': bearer(session({ azp: 'https://evil.example' })),
  'of no page': bearer(session({ azp: undefined })),
  'of another issuer': bearer(session({ iss: 'https://evil.example' })),
  'without an issuer': bearer(session({ iss: undefined })),
  'with an audience that nobody asked for': bearer(session({ aud: 'https://other.example' })),
  pending: bearer(session({ sts: 'pending' })),
  'without a session id': bearer(session({ sid: undefined })),
  'without a category': bearer(session({}, { cat: undefined })),
  'of a template': bearer(session({ sid: undefined }, { cat: 'cl_B7d4PD222AAA' })),
  'of a machine': bearer(session({ sub: 'mch_1' }, { cat: 'cl_B7d4PD333AAA' })),
  'of an OAuth application': bearer(session({}, { typ: 'at+jwt' })),
  'an opaque machine token': bearer('mt_abc'),
  'an opaque OAuth token': bearer('oat_abc'),
  'an API key': bearer('ak_abc'),

  'without typ': bearer(session({}, { typ: undefined })),
  'with typ in small letters': bearer(session({}, { typ: 'jwt' })),
  'with a typ of another kind': bearer(session({}, { typ: 'secevent+jwt' })),
  'by RS512': bearer(session({}, { alg: 'RS512' })),
  'by none': bearer(session({}, { alg: 'none' }).replace(/[^.]*$/, '')),
  'with something critical': bearer(session({}, { crit: ['b64'], b64: false })),
  'with a fourth part': bearer(`${T}.x`),
  'with a changed signature': bearer(
    T.slice(0, -10) + (T.endsWith('AAAAAAAAAA') ? 'BBBBBBBBBB' : 'AAAAAAAAAA'),
  ),
  'with padding': bearer(`${T}==`),
  'with claims that are a list': bearer(signed(JSON.stringify(HEADER), '[]')),
  'with text that is not UTF-8': bearer(notUtf8()),

  'an organisation, by the first version': bearer(
    session({
      v: undefined,
      org_id: 'org_1',
      org_slug: 'acme',
      org_role: 'org:admin',
      org_permissions: ['org:teams:read'],
    }),
  ),
  'an organisation, by the second version': bearer(
    session({
      o: { id: 'org_1', slg: 'acme', rol: 'admin', per: 'read,manage', fpm: '3,2' },
      fea: 'o:dashboard,u:billing,o:teams',
    }),
  ),
  'an organisation with more permissions than a double has bits': bearer(
    session({
      o: {
        id: 'org_1',
        rol: 'member',
        per: Array.from({ length: 71 }, (_, index) => `p${index}`).join(),
        fpm: String((1n << 70n) + 2n),
      },
      fea: 'o:dashboard',
    }),
  ),
}

/** A claim with a byte that no UTF-8 has. */
function notUtf8(): string {
  const [before = '', after = ''] = JSON.stringify({ ...CLAIMS, name: '?' }).split('?')
  const claims = Buffer.concat([Buffer.from(before), Buffer.from([0xff]), Buffer.from(after)])
  const header = Buffer.from(JSON.stringify(HEADER)).toString('base64url')
  const input = `${header}.${claims.toString('base64url')}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}
