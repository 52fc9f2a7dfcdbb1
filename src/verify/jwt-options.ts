import type { Claims } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { algorithms as knownAlgorithms, isAlgorithm, type Algorithm } from './algorithms.ts'
import {
  mediaType,
  type ClaimRules,
  type Identified,
  type TokenKind,
  type TokenRule,
} from './claims.ts'
import { keysOf, type JwtKeyOptions } from './issuer-keys.ts'
import type { KeySource } from './key-source.ts'
import { checkNames, checkSeconds, checkText, checkTexts } from './option-checks.ts'

/** One issuer of JWTs and what its tokens must be. */
export type JwtIssuerOptions = JwtKeyOptions & {
  /** Exactly the `iss` of its tokens. */
  readonly issuer: string
  /** One of these must be in `aud`. Without it, a token that has an `aud` is refused (RFC 7519, 4.1.3). */
  readonly audience?: string | readonly string[]
  /** One of these must be `azp`. */
  readonly authorizedParties?: readonly string[]
  /** Default: what each public key says itself, `HS256` for a secret. */
  readonly algorithms?: readonly Algorithm[]
  /** Accepted values of the header's `typ`; a token without one is accepted. Default `['JWT']`. */
  readonly types?: readonly string[]
  /** Claims of the issuer's own that must have one of these values. */
  readonly requiredClaims?: Readonly<Record<string, string | readonly string[]>>
  /** One of these must accept the token; it is asked once the signature is verified. */
  readonly accepts?: TokenRule | readonly (TokenRule | TokenKind)[]
  /** What the issuer's own claims say about the caller. */
  readonly identify?: (claims: Claims) => Identified
  /** Default 5, at most 300. */
  readonly clockSkewSeconds?: number
  /** Refuses tokens whose `iat` is older than this, and those without one. */
  readonly maxAgeSeconds?: number
  /** The claim that becomes `x-verified-username`. Default `sub`, or what `identify` says. */
  readonly userClaim?: string
  /** The claims that become `x-verified-user-data`. Default: all but the registered ones and `azp`. */
  readonly forwardClaims?: readonly string[]
}

/** An issuer whose options were checked. */
export interface JwtIssuer {
  readonly rules: ClaimRules
  readonly keys: KeySource
  readonly userClaim: string | undefined
  readonly forwardClaims: readonly string[] | undefined
}

const OPTIONS: Readonly<Record<keyof JwtIssuerOptions, true>> = {
  issuer: true,
  jwksUrl: true,
  publicKey: true,
  secret: true,
  discover: true,
  audience: true,
  authorizedParties: true,
  algorithms: true,
  types: true,
  requiredClaims: true,
  accepts: true,
  identify: true,
  clockSkewSeconds: true,
  maxAgeSeconds: true,
  userClaim: true,
  forwardClaims: true,
}

/** @throws ConfigurationError that names the option which is wrong */
export function checkIssuer(options: JwtIssuerOptions): JwtIssuer {
  checkNames(options, OPTIONS)
  const issuer = checkText('issuer', options.issuer)
  const { audience, authorizedParties, types, maxAgeSeconds, forwardClaims, userClaim } = options
  const { requiredClaims = {}, accepts, identify = nothingMore } = options
  return {
    keys: keysOf(issuer, options, checkAlgorithms(options.algorithms)),
    userClaim: userClaim === undefined ? undefined : checkText('userClaim', userClaim),
    // Here an empty list means what it says: nothing is forwarded.
    forwardClaims:
      forwardClaims?.length === 0 ? [] : checkedIfGiven('forwardClaims', forwardClaims),
    rules: {
      issuer,
      audiences: checkedIfGiven('audience', audience) ?? [],
      authorizedParties: checkedIfGiven('authorizedParties', authorizedParties) ?? [],
      types: checkTexts('types', types ?? ['JWT']).map(mediaType),
      requiredClaims: Object.entries(requiredClaims).map(([claim, values]) => [
        claim,
        checkTexts(`requiredClaims.${claim}`, values),
      ]),
      kinds: accepts === undefined ? [] : checkKinds(accepts),
      identify: checkFunction('identify', identify),
      clockSkewSeconds: checkSeconds('clockSkewSeconds', options.clockSkewSeconds ?? 5, 300),
      maxAgeSeconds:
        maxAgeSeconds === undefined
          ? undefined
          : checkSeconds('maxAgeSeconds', maxAgeSeconds, Number.MAX_SAFE_INTEGER),
    },
  }
}

function nothingMore(): Identified {
  return {}
}

function checkFunction<T>(option: string, value: T): T {
  if (typeof value === 'function') return value
  throw new ConfigurationError(`${option}: expected a function`)
}

function checkKinds(accepts: TokenRule | readonly (TokenRule | TokenKind)[]): readonly TokenKind[] {
  const kinds = [accepts].flat() as readonly (TokenRule | TokenKind)[]
  if (kinds.length === 0) throw new ConfigurationError('accepts: expected a function')
  return kinds.map((kind) => {
    const checked = typeof kind === 'function' ? { accepts: kind } : kind
    return { ...checked, accepts: checkFunction('accepts', checked.accepts) }
  })
}

function checkedIfGiven(option: string, value: unknown): readonly string[] | undefined {
  return value === undefined ? undefined : checkTexts(option, value)
}

function checkAlgorithms(names: unknown): readonly Algorithm[] | undefined {
  if (names === undefined) return undefined
  if (Array.isArray(names) && names.length > 0 && names.every(isAlgorithm)) return names
  throw new ConfigurationError(
    `algorithms: expected one or more of ${Object.keys(knownAlgorithms).join(', ')}`,
  )
}
