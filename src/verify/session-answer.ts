import { deepFreeze } from '../identity/deep-freeze.ts'
import type { Identity } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { isNumericDate, REGISTERED_CLAIMS } from './claims.ts'
import { checkSeconds, checkServiceUrl, checkText, checkTexts } from './option-checks.ts'
import type { CommonSessionOptions } from './session-service-options.ts'

type Answer = Readonly<Record<string, unknown>>
type Path = readonly string[]

/** Where an answer says what an identity needs. */
export interface AnswerRules {
  /** What the answer's `iss` must be, where it has one. */
  readonly issuer: string | undefined
  readonly origin: string
  readonly subject: Path
  /** `undefined`: `username`, or else the subject. */
  readonly user: Path | undefined
  readonly session: Path
  readonly expires: Path
  readonly forwardClaims: readonly string[] | undefined
  readonly lifetimeSeconds: number
}

const DEFAULT_LIFETIME_SECONDS = 3600
const MAX_LIFETIME_SECONDS = 24 * 3600

/** @throws ConfigurationError that names the option which is wrong */
export function checkAnswerRules(options: CommonSessionOptions, expires: Path): AnswerRules {
  const { issuer, userClaim, forwardClaims, lifetimeSeconds = DEFAULT_LIFETIME_SECONDS } = options
  return {
    issuer: issuer === undefined ? undefined : checkText('issuer', issuer),
    origin: new URL(checkServiceUrl('url', options.url)).origin,
    subject: checkPath('subjectClaim', options.subjectClaim ?? 'sub'),
    user: userClaim === undefined ? undefined : checkPath('userClaim', userClaim),
    session: checkPath('sessionClaim', options.sessionClaim ?? 'sid'),
    expires,
    // Here an empty list means what it says: nothing is forwarded.
    forwardClaims:
      forwardClaims === undefined || forwardClaims.length === 0
        ? forwardClaims
        : checkTexts('forwardClaims', forwardClaims),
    lifetimeSeconds: checkSeconds('lifetimeSeconds', lifetimeSeconds, MAX_LIFETIME_SECONDS, 1),
  }
}

/** `user.id` as `['user', 'id']`. */
export function checkPath(option: string, value: unknown): Path {
  const path = checkText(option, value).split('.')
  if (!path.includes('')) return path
  throw new ConfigurationError(`${option}: expected a name, or names with dots between them`)
}

export function isObject(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The identity that a yes of the service proves.
 *
 * @throws Error where a member that decides cannot be read
 */
export function identityFromAnswer(
  answer: Answer,
  rules: AnswerRules,
  nowSeconds: number,
): Result<Identity> {
  const { iss } = answer
  const issuer = rules.issuer ?? textIfGiven(iss) ?? rules.origin
  if (iss !== undefined && iss !== issuer) return missing(['iss'])
  const subject = memberAt(answer, rules.subject)
  if (!isText(subject)) return missing(rules.subject)
  const username = memberAt(answer, rules.user ?? ['username'])
  if (rules.user !== undefined && !isText(username)) return missing(rules.user)
  const expires = memberAt(answer, rules.expires)
  const expiresAt = expires === undefined ? nowSeconds + rules.lifetimeSeconds : endOf(expires)
  if (expiresAt <= nowSeconds) return refuse('token_expired', 'the session has expired')
  return ok(
    deepFreeze({
      issuer,
      subject,
      username: isText(username) ? username : subject,
      // What a session or a token is taken back by; passed over, it could never be taken back.
      session: textIfGiven(memberAt(answer, rules.session)),
      tokenId: textIfGiven(answer['jti']),
      expiresAt: Math.floor(expiresAt),
      // Without a prototype, a member called `__proto__` or `constructor` is only a member.
      claims: Object.assign(Object.create(null) as Answer, answer),
      userData: userDataOf(answer, rules),
    }),
  )
}

const NOT_FORWARDED: ReadonlySet<string> = new Set([...REGISTERED_CLAIMS, 'active', 'token_type'])

function userDataOf(answer: Answer, { forwardClaims, expires }: AnswerRules): Answer {
  const isForwarded = (name: string) =>
    forwardClaims?.includes(name) ?? !(NOT_FORWARDED.has(name) || name === expires.join('.'))
  return Object.fromEntries(Object.entries(answer).filter(([name]) => isForwarded(name)))
}

function memberAt(answer: Answer, path: Path): unknown {
  let member: unknown = answer
  for (const name of path) {
    if (!isObject(member) || !Object.hasOwn(member, name)) return undefined
    member = member[name]
  }
  // Services write `null` where others leave a member out.
  return member ?? undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function textIfGiven(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined
  if (typeof value !== 'string') throw new TypeError('the answer holds no text where it should')
  return value
}

/** Seconds since the epoch, from a JWT's form of a time or from a date with its time (ISO 8601). */
function endOf(value: unknown): number {
  const isDate = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)
  const seconds = isDate ? Date.parse(value) / 1000 : value
  if (!isNumericDate(seconds)) throw new TypeError('the end of the session cannot be read')
  return seconds
}

function missing(path: Path): Result<never> {
  return refuse('token_invalid', `the session's "${path.join('.')}" is missing or not accepted`)
}
