import { isCanonical, readObject, textOf } from './second-opinion.ts'
import { CLOCK_SKEW_SECONDS, NOW } from './verdicts.ts'

interface Parts {
  readonly token: string
  readonly segments: readonly string[]
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
}

const MAX_DATE = 253_402_300_799
const LATEST = NOW + CLOCK_SKEW_SECONDS

/** What the gate refuses on purpose although another library accepts it, and how to know it. */
const stricter: readonly (readonly [name: string, applies: (parts: Parts) => boolean])[] = [
  ['longer than 8192 characters', ({ token }) => token.length > 8192],
  [
    'a segment that is not canonical base64url',
    ({ segments }) => segments.some((segment) => !isCanonical(segment)),
  ],
  [
    'a byte order mark',
    ({ segments }) => segments.slice(0, 2).some((segment) => textOf(segment).startsWith('\uFEFF')),
  ],
  [
    'bytes that are not UTF-8',
    ({ segments }) =>
      segments.slice(0, 2).some((segment) => {
        const bytes = Buffer.from(segment, 'base64url')
        return !Buffer.from(bytes.toString()).equals(bytes)
      }),
  ],
  ['`crit` or `b64` in the header', ({ header }) => 'crit' in header || 'b64' in header],
  ['a `kid` that is not text', ({ header }) => isGivenButNoText(header['kid'])],
  [
    'a `kid` that the key does not have',
    // A secret has none.
    ({ header: { alg, kid } }) =>
      alg !== 'HS256' && typeof kid === 'string' && kid !== `the-${String(alg)}-key`,
  ],
  [
    'a `typ` that is not `JWT`',
    ({ header: { typ } }) =>
      typ !== undefined && (typeof typ !== 'string' || !/^(?:application\/)?jwt$/i.test(typ)),
  ],
  [
    'no `sub`, or one that is not text',
    ({ claims: { sub } }) => typeof sub !== 'string' || sub === '',
  ],
  [
    'an `aud` that is missing, empty or not text',
    ({ claims: { aud } }) => {
      const audiences = [aud].flat()
      const areTexts = audiences.every((member) => typeof member === 'string' && member !== '')
      return !areTexts || audiences.length === 0
    },
  ],
  ['no `exp`', ({ claims: { exp } }) => exp === undefined],
  [
    'a date that is no number or not within the years 1970 to 9999',
    ({ claims: { exp, nbf, iat } }) =>
      [exp, nbf, iat].some(
        (date) =>
          date !== undefined && !(typeof date === 'number' && date >= 0 && date <= MAX_DATE),
      ),
  ],
  ['an `iat` in the future', ({ claims: { iat } }) => typeof iat === 'number' && iat > LATEST],
  [
    'an `nbf` in the future by a fraction of a second',
    ({ claims: { nbf } }) => typeof nbf === 'number' && nbf > LATEST && Math.floor(nbf) <= LATEST,
  ],
  [
    'a `jti` or `sid` that is not text',
    ({ claims: { jti, sid } }) => isGivenButNoText(jti) || isGivenButNoText(sid),
  ],
]

function isGivenButNoText(value: unknown): boolean {
  return value !== undefined && typeof value !== 'string'
}

/** The reasons for which the gate may refuse a token that another library accepts. */
export function reasonsToRefuse(token: string): readonly string[] {
  const parts = partsOf(token)
  return stricter.flatMap(([name, applies]) => (applies(parts) ? [name] : []))
}

/** What the gate accepts although Clerk's library does not. */
const laxerThanClerk: readonly (readonly [name: string, applies: (parts: Parts) => boolean])[] = [
  [
    '`typ` in another spelling than `JWT`',
    ({ header: { typ } }) => typeof typ === 'string' && typ !== 'JWT',
  ],
  ['the category of a machine token', ({ header: { cat } }) => cat === 'cl_B7d4PD333AAA'],
  [
    'an `exp` in the future by a fraction of a second',
    ({ claims: { exp } }) => typeof exp === 'number' && !Number.isInteger(exp),
  ],
]

/** The reasons for which Clerk's library may refuse a token that the gate accepts. */
export function reasonsOfClerk(token: string): readonly string[] {
  const parts = partsOf(token)
  return laxerThanClerk.flatMap(([name, applies]) => (applies(parts) ? [name] : []))
}

export const differenceNames = {
  stricter: stricter.map(([name]) => name),
  laxerThanClerk: laxerThanClerk.map(([name]) => name),
}

function partsOf(token: string): Parts {
  const segments = token.split('.')
  const [header = '', payload = ''] = segments
  return { token, segments, header: readObject(header), claims: readObject(payload) }
}
