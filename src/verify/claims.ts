import type { Claims } from '../identity/identity.ts'
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

/** What the claims of an issuer's tokens must be. Absent is never allowed, except where it says so. */
export interface ClaimRules {
  readonly issuer: string
  /** One of these must be in `aud`. Empty: tokens must have no `aud` at all (RFC 7519, section 4.1.3). */
  readonly audiences: readonly string[]
  /** One of these must be `azp`. Empty: not checked. */
  readonly authorizedParties: readonly string[]
  /** Media types of the header's `typ` that mean "a token for this gate". Absent is allowed. */
  readonly types: readonly string[]
  readonly clockSkewSeconds: number
  /** Oldest `iat` to accept; `undefined` leaves it to `exp`. */
  readonly maxAgeSeconds: number | undefined
}

/** What the claims say about a token that passed. Times are in seconds since the epoch. */
export interface CheckedClaims {
  readonly subject: string
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
  payload: Readonly<Record<string, unknown>>,
  type: string | undefined,
  rules: ClaimRules,
  nowSeconds: number,
): Result<CheckedClaims> {
  const { clockSkewSeconds, maxAgeSeconds } = rules
  if (type !== undefined && !rules.types.includes(mediaType(type))) return invalid('typ')
  const { iss, sub, aud, azp, exp, nbf, iat, sid, jti } = payload
  if (iss !== rules.issuer) return invalid('iss')
  if (typeof sub !== 'string' || sub === '') return invalid('sub')
  if (!isAudience(aud, rules.audiences)) return invalid('aud')
  if (!isAuthorizedParty(azp, rules.authorizedParties)) return invalid('azp')
  // What a session or a token is revoked by; passed over, it could never be revoked.
  if (!isTextIfGiven(sid)) return invalid('sid')
  if (!isTextIfGiven(jti)) return invalid('jti')
  if (!isNumericDate(exp)) return invalid('exp')
  if (nbf !== undefined && !isNumericDate(nbf)) return invalid('nbf')
  if (iat !== undefined && !isNumericDate(iat)) return invalid('iat')
  const latest = nowSeconds + clockSkewSeconds
  if (nbf !== undefined && nbf > latest) return invalid('nbf', 'the token is not valid yet')
  if (iat !== undefined && iat > latest) return invalid('iat', 'the token was issued in the future')
  if (maxAgeSeconds !== undefined && iat === undefined) return invalid('iat')
  const isAged = maxAgeSeconds !== undefined && iat !== undefined
  const expiresAt = isAged ? Math.min(exp, iat + maxAgeSeconds) : exp
  const acceptedUntil = expiresAt + clockSkewSeconds
  if (acceptedUntil <= nowSeconds) return refuse('token_expired', 'the token has expired')
  return ok({ subject: sub, session: sid, tokenId: jti, expiresAt, acceptedUntil })
}

/** RFC 7515, section 4.1.9: `application/` may be left out, and media types have no case. */
export function mediaType(type: string): string {
  return type.toLowerCase().replace(/^application\/(?=[^/]*$)/, '')
}

function invalid(claim: string, detail = `the token's "${claim}" is missing or not accepted`) {
  return refuse('token_invalid', detail)
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE
}

function isTextIfGiven(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}

function isAudience(aud: unknown, ours: readonly string[]): boolean {
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
