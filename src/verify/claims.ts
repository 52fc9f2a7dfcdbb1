import { ok, refuse, type Result } from '../refusal/refusal.ts'

/** What the claims of an issuer's tokens must be. Absent is never allowed, except where it says so. */
export interface ClaimRules {
  readonly issuer: string
  /** One of these must be in `aud`. Empty: tokens must have no `aud` at all (RFC 7519, section 4.1.3). */
  readonly audiences: readonly string[]
  /** One of these must be `azp`. Empty: not checked. */
  readonly authorizedParties: readonly string[]
  /** Values of the header's `typ`, lower case, that mean "a token for this gate". Absent is allowed. */
  readonly types: readonly string[]
  readonly clockSkewSeconds: number
  /** Oldest `iat` to accept; `undefined` leaves it to `exp`. */
  readonly maxAgeSeconds: number | undefined
}

/** Times of a token that passed, in seconds since the epoch, skew included. */
export interface ClaimTimes {
  readonly subject: string
  readonly expiresAt: number
  /** When the gate stops to accept the token: `expiresAt` or the maximal age, plus the skew. */
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
): Result<ClaimTimes> {
  if (type !== undefined && !rules.types.includes(type.toLowerCase())) return invalid('typ')
  const { iss, sub, exp, nbf, iat } = payload
  if (iss !== rules.issuer) return invalid('iss')
  if (typeof sub !== 'string' || sub === '') return invalid('sub')
  if (!isAudience(payload['aud'], rules.audiences)) return invalid('aud')
  if (!isAuthorizedParty(payload['azp'], rules.authorizedParties)) return invalid('azp')
  if (!isNumericDate(exp)) return invalid('exp')
  if (nbf !== undefined && !isNumericDate(nbf)) return invalid('nbf')
  if (iat !== undefined && !isNumericDate(iat)) return invalid('iat')
  const latest = nowSeconds + rules.clockSkewSeconds
  if (nbf !== undefined && nbf > latest) return invalid('nbf', 'the token is not valid yet')
  if (iat !== undefined && iat > latest) return invalid('iat', 'the token was issued in the future')
  if (rules.maxAgeSeconds !== undefined && iat === undefined) return invalid('iat')
  const oldestEnd =
    rules.maxAgeSeconds === undefined || iat === undefined ? exp : iat + rules.maxAgeSeconds
  const acceptedUntil = Math.min(exp, oldestEnd) + rules.clockSkewSeconds
  if (acceptedUntil <= nowSeconds) return refuse('token_expired', 'the token has expired')
  return ok({ subject: sub, expiresAt: exp, acceptedUntil })
}

function invalid(claim: string, detail = `the token's "${claim}" is missing or not accepted`) {
  return refuse('token_invalid', detail)
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= MAX_NUMERIC_DATE
}

function isAudience(aud: unknown, ours: readonly string[]): boolean {
  if (ours.length === 0) return aud === undefined
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return (
    audiences.every((audience) => typeof audience === 'string') &&
    audiences.some((audience) => ours.includes(audience as string))
  )
}

function isAuthorizedParty(azp: unknown, ours: readonly string[]): boolean {
  if (ours.length === 0) return azp === undefined || typeof azp === 'string'
  return typeof azp === 'string' && ours.includes(azp)
}
