import type { Claims, Organization } from '../identity/identity.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'

/** The claims of a verified JWT; those named here have been checked. */
export interface JwtClaims extends Claims {
  readonly iss: string
  readonly sub: string
  readonly aud?: string | readonly string[]
  readonly exp: number
  readonly nbf?: number
  readonly iat?: number
  readonly jti?: string
  readonly sid?: string
}

/** A token whose signature was verified. */
export interface SignedToken {
  readonly header: Claims
  readonly claims: Claims
}

/**
 * Whether a token is of a kind that an issuer's tokens may be.
 *
 * @param latest the clock's time in seconds and the skew: what happened after it is in the future
 * @returns the name of what is missing or wrong
 */
export type TokenRule = (token: SignedToken, latest: number) => string | undefined

/** One kind of token that an issuer signs, and what differs from its other kinds. */
export interface TokenKind {
  readonly accepts: TokenRule
  /** Instead of the issuer's audiences; empty: no `aud` at all. */
  readonly audience?: readonly string[]
  /** Instead of the issuer's authorized parties; empty: not checked. */
  readonly authorizedParties?: readonly string[]
}

/** What an issuer's claims say about a caller, where it is not in the registered ones. */
export interface Identified {
  /** Default: `sub`. */
  readonly subject?: unknown
  /** Default: the subject. */
  readonly username?: unknown
  /** Default: `sid`. */
  readonly session?: unknown
  readonly organization?: Organization | undefined
  readonly roles?: readonly string[]
}

/** The claims that RFC 7519, section 4.1 registers: about the token, not about the caller. */
export const REGISTERED_CLAIMS = ['iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti'] as const

/** What the claims of an issuer's tokens must be. Absent is never allowed, except where it says so. */
export interface ClaimRules {
  readonly issuer: string
  /** One of these must be in `aud`. Empty: tokens must have no `aud` at all (RFC 7519, section 4.1.3). */
  readonly audiences: readonly string[]
  /** One of these must be `azp`. Empty: not checked. */
  readonly authorizedParties: readonly string[]
  /** Media types of the header's `typ` that mean "a token for this gate". Absent is allowed. */
  readonly types: readonly string[]
  /** Claims of the issuer's own, and the values that each may have. */
  readonly requiredClaims: readonly (readonly [claim: string, values: readonly string[]])[]
  /** One of these must accept the token. Empty: not checked. */
  readonly kinds: readonly TokenKind[]
  readonly identify: (claims: Claims) => Identified
  readonly clockSkewSeconds: number
  /** Oldest `iat` to accept; `undefined` leaves it to `exp`. */
  readonly maxAgeSeconds: number | undefined
}

/** What the claims say about a token that passed. Times are in seconds since the epoch. */
export interface CheckedClaims {
  readonly subject: string
  readonly username: unknown
  readonly organization: Organization | undefined
  readonly roles: readonly string[]
  readonly session: string | undefined
  readonly tokenId: string | undefined
  /** The end that the token itself or the maximal age sets, whichever comes first. */
  readonly expiresAt: number
  /** When the gate stops to accept the token: `expiresAt` and the clock skew. */
  readonly acceptedUntil: number
}

// The last second of the year 9999, after which dates cannot be written; also catches milliseconds.
const MAX_NUMERIC_DATE = 253_402_300_799

/** Checks the claims of a token whose signature was verified. */
export function checkClaims(
  { header, claims }: SignedToken,
  rules: ClaimRules,
  nowSeconds: number,
): Result<CheckedClaims> {
  const { clockSkewSeconds, maxAgeSeconds } = rules
  const latest = nowSeconds + clockSkewSeconds
  if (!isType(header['typ'], rules.types)) return invalid('typ')
  const { iss, aud, azp, exp, nbf, iat, jti } = claims
  if (iss !== rules.issuer) return invalid('iss')
  const kind = kindOf({ header, claims }, rules, latest)
  if (typeof kind === 'string') return invalid(kind)
  const { audience = rules.audiences, authorizedParties = rules.authorizedParties } = kind
  const { organization, roles = [], ...identified } = rules.identify(claims)
  const { subject = claims['sub'], username = subject, session = claims['sid'] } = identified
  if (typeof subject !== 'string' || subject === '') return invalid('sub')
  if (!isAudience(aud, audience)) return invalid('aud')
  if (!isAuthorizedParty(azp, authorizedParties)) return invalid('azp')
  // What a session or a token is revoked by; passed over, it could never be revoked.
  if (!isTextIfGiven(session)) return invalid('sid')
  if (!isTextIfGiven(jti)) return invalid('jti')
  if (!isNumericDate(exp)) return invalid('exp')
  if (nbf !== undefined && !isNumericDate(nbf)) return invalid('nbf')
  if (iat !== undefined && !isNumericDate(iat)) return invalid('iat')
  if (nbf !== undefined && nbf > latest) return invalid('nbf', 'the token is not valid yet')
  if (iat !== undefined && iat > latest) return invalid('iat', 'the token was issued in the future')
  if (maxAgeSeconds !== undefined && iat === undefined) return invalid('iat')
  const isAged = maxAgeSeconds !== undefined && iat !== undefined
  const expiresAt = isAged ? Math.min(exp, iat + maxAgeSeconds) : exp
  const acceptedUntil = expiresAt + clockSkewSeconds
  if (acceptedUntil <= nowSeconds) return refuse('token_expired', 'the token has expired')
  return ok({
    ...{ subject, username, organization, roles },
    ...{ session, tokenId: jti, expiresAt, acceptedUntil },
  })
}

/** What differs for a token of this kind, or the claim by which it is of none that is accepted. */
function kindOf(
  token: SignedToken,
  { requiredClaims, kinds }: ClaimRules,
  latest: number,
): Omit<TokenKind, 'accepts'> | string {
  for (const [claim, values] of requiredClaims) {
    const value = token.claims[claim]
    if (typeof value !== 'string' || !values.includes(value)) return claim
  }
  const wrong = kinds.map(({ accepts }) => accepts(token, latest))
  return kinds[wrong.indexOf(undefined)] ?? wrong[0] ?? {}
}

function isType(type: unknown, ours: readonly string[]): boolean {
  return type === undefined || (typeof type === 'string' && ours.includes(mediaType(type)))
}

/** RFC 7515, section 4.1.9: `application/` may be left out, and media types have no case. */
export function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, '')
}

function invalid(claim: string, detail = `the token's "${claim}" is missing or not accepted`) {
  return refuse('token_invalid', detail)
}

/** Whether this can be a time as RFC 7519 writes it; milliseconds cannot. */
export function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE
}

function isTextIfGiven(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

/** @param ours what `aud` may name; empty: there must be no `aud` at all */
export function isAudience(aud: unknown, ours: readonly string[]): boolean {
  if (ours.length === 0) return aud === undefined
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return (
    audiences.every((audience) => typeof audience === 'string') &&
    audiences.some((audience) => ours.includes(audience))
  )
}

function isAuthorizedParty(azp: unknown, ours: readonly string[]): boolean {
  return ours.length === 0 || (typeof azp === 'string' && ours.includes(azp))
}
