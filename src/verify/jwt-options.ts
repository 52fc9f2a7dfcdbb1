import { ConfigurationError } from '../refusal/configuration-error.ts'
import { algorithms as knownAlgorithms, isAlgorithm, ruleOf, type Algorithm } from './algorithms.ts'
import type { ClaimRules } from './claims.ts'
import { pinPublicKey, pinSecret } from './configured-key.ts'
import { configuredKeys, type KeySource } from './key-source.ts'
import { publishedKeys } from './key-set.ts'
import type { Jwk } from './pinned-key.ts'

/** Where the keys come from: one of three, or the issuer's `/.well-known/jwks.json`. */
type JwtKeyOptions =
  | { readonly jwksUrl?: string; readonly publicKey?: never; readonly secret?: never }
  | {
      readonly publicKey: string | Jwk | readonly (string | Jwk)[]
      readonly jwksUrl?: never
      readonly secret?: never
    }
  | {
      readonly secret: string | readonly string[]
      readonly jwksUrl?: never
      readonly publicKey?: never
    }

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
  /** Default 5, at most 300. */
  readonly clockSkewSeconds?: number
  /** Refuses tokens whose `iat` is older than this, and those without one. */
  readonly maxAgeSeconds?: number
  /** The claim that becomes `x-verified-username`. Default `sub`. */
  readonly userClaim?: string
  /** The claims that become `x-verified-user-data`. Default: all but the registered ones and `azp`. */
  readonly forwardClaims?: readonly string[]
}

/** An issuer whose options were checked. */
export interface JwtIssuer {
  readonly rules: ClaimRules
  readonly keys: KeySource
  readonly userClaim: string
  readonly forwardClaims: readonly string[] | undefined
}

/** @throws ConfigurationError that names the option which is wrong */
export function checkIssuer(options: JwtIssuerOptions): JwtIssuer {
  const { issuer, clockSkewSeconds = 5, maxAgeSeconds, algorithms } = options
  if (typeof issuer !== 'string' || issuer === '')
    throw new ConfigurationError('issuer: it is missing')
  checkSeconds('clockSkewSeconds', clockSkewSeconds, 300)
  if (maxAgeSeconds !== undefined)
    checkSeconds('maxAgeSeconds', maxAgeSeconds, Number.MAX_SAFE_INTEGER)
  if (algorithms !== undefined && (algorithms.length === 0 || !algorithms.every(isAlgorithm))) {
    throw new ConfigurationError(
      `algorithms: expected one or more of ${Object.keys(knownAlgorithms).join(', ')}`,
    )
  }
  const types = listOf('types', options.types ?? ['JWT'])
  return {
    keys: keysOf(options),
    userClaim: options.userClaim ?? 'sub',
    forwardClaims: options.forwardClaims,
    rules: {
      issuer,
      audiences: listOf('audience', options.audience),
      authorizedParties: listOf('authorizedParties', options.authorizedParties),
      types: types.map((type) => type.toLowerCase()),
      clockSkewSeconds,
      maxAgeSeconds,
    },
  }
}

/** `undefined` is no rule; an empty list or text is a mistake, and must not become "no rule". */
function listOf(option: string, value: string | readonly string[] | undefined): readonly string[] {
  if (value === undefined) return []
  const list = typeof value === 'string' ? [value] : value
  if (list.length === 0 || list.some((item) => typeof item !== 'string' || item === '')) {
    throw new ConfigurationError(`${option}: expected text, or a list of texts that is not empty`)
  }
  return list
}

function checkSeconds(option: string, seconds: number, max: number): void {
  if (!Number.isInteger(seconds) || seconds < 0 || seconds > max) {
    throw new ConfigurationError(`${option}: expected whole seconds from 0 to ${max}`)
  }
}

function keysOf(options: JwtIssuerOptions): KeySource {
  const { algorithms, issuer } = options
  const given = (['jwksUrl', 'publicKey', 'secret'] as const).filter(
    (name) => options[name] !== undefined,
  )
  if (given.length > 1)
    throw new ConfigurationError(`${given.join(', ')}: only one of them can be given`)
  if (options.secret !== undefined) return secretKeys(listOf('secret', options.secret), algorithms)
  if (algorithms?.some((algorithm) => ruleOf(algorithm).kty === 'oct') === true) {
    throw new ConfigurationError('algorithms: HS256, HS384 and HS512 need a secret')
  }
  if (options.publicKey !== undefined) {
    const keys = [options.publicKey].flat() as readonly (string | Jwk)[]
    return configuredKeys('publicKey', () =>
      Promise.all(keys.map((key) => pinPublicKey(key, algorithms))),
    )
  }
  const url = options.jwksUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`
  return publishedKeys(checkJwksUrl(url), algorithms)
}

function secretKeys(
  secrets: readonly string[],
  algorithms: readonly Algorithm[] = ['HS256'],
): KeySource {
  const [algorithm, ...others] = algorithms
  const rule = algorithm === undefined ? undefined : ruleOf(algorithm)
  if (algorithm === undefined || others.length > 0 || rule?.kty !== 'oct') {
    throw new ConfigurationError('algorithms: a secret needs exactly one of HS256, HS384, HS512')
  }
  const { minSecretBytes = 0 } = rule
  if (secrets.some((secret) => new TextEncoder().encode(secret).length < minSecretBytes)) {
    throw new ConfigurationError(`secret: ${algorithm} needs at least ${minSecretBytes} bytes`)
  }
  return configuredKeys('secret', () =>
    Promise.all(secrets.map((secret) => pinSecret(secret, algorithm))),
  )
}

function checkJwksUrl(text: string): string {
  const url = URL.parse(text)
  const isLoopback = /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(url?.hostname ?? '')
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback)
  if (url === null || !isSafe || url.username !== '' || url.password !== '' || url.hash !== '') {
    throw new ConfigurationError(
      'jwksUrl: expected an https URL without user information and fragment',
    )
  }
  return url.href
}
