import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ruleOf, type Algorithm } from './algorithms.ts'
import type { Jwk } from './checked-jwk.ts'
import { hmacSecret, publicKey } from './configured-key.ts'
import { discoveredAt } from './discovery.ts'
import { publishedKeys } from './key-set.ts'
import { configuredKeys, type KeySource } from './key-source.ts'
import { checkServiceUrl, checkTexts } from './option-checks.ts'

/** Where the keys come from: one of four, or the issuer's `/.well-known/jwks.json`. */
export type JwtKeyOptions =
  | {
      readonly jwksUrl?: string
      readonly publicKey?: never
      readonly secret?: never
      readonly discover?: never
    }
  | {
      /** The key set that `<issuer>/.well-known/openid-configuration` names. */
      readonly discover: true
      readonly jwksUrl?: never
      readonly publicKey?: never
      readonly secret?: never
    }
  | {
      readonly publicKey: string | Jwk | readonly (string | Jwk)[]
      readonly jwksUrl?: never
      readonly secret?: never
      readonly discover?: never
    }
  | {
      readonly secret: string | readonly string[]
      readonly jwksUrl?: never
      readonly publicKey?: never
      readonly discover?: never
    }

/** @throws ConfigurationError that names the option which is wrong */
export function keysOf(
  issuer: string,
  options: JwtKeyOptions,
  algorithms: readonly Algorithm[] | undefined,
): KeySource {
  const given = KEY_OPTIONS.filter((name) => name in options)
  if (given.length > 1)
    throw new ConfigurationError(`${given.join(', ')}: only one of them can be given`)
  if (options.secret !== undefined) return secretKeys(options.secret, algorithms)
  if (algorithms?.some((algorithm) => ruleOf(algorithm).kty === 'oct') === true) {
    throw new ConfigurationError('algorithms: HS256, HS384 and HS512 need a secret')
  }
  if (options.publicKey !== undefined) {
    const keys = [options.publicKey].flat() as readonly (string | Jwk)[]
    if (keys.length === 0) throw new ConfigurationError('publicKey: there is none in the list')
    return configuredKeys(
      'publicKey',
      keys.map((key) => named('publicKey', () => publicKey(key, algorithms))),
    )
  }
  if ('discover' in options) {
    if ((options.discover as unknown) !== true)
      throw new ConfigurationError('discover: expected true')
    return publishedKeys(discoveredAt(issuer), algorithms)
  }
  const url = options.jwksUrl ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`
  return publishedKeys(checkServiceUrl('jwksUrl', url), algorithms)
}

const KEY_OPTIONS = ['jwksUrl', 'publicKey', 'secret', 'discover'] as const

function secretKeys(
  secret: string | readonly string[],
  algorithms: readonly Algorithm[] = ['HS256'],
): KeySource {
  const [algorithm, ...others] = algorithms
  if (algorithm === undefined || others.length > 0 || ruleOf(algorithm).kty !== 'oct') {
    throw new ConfigurationError('algorithms: a secret needs exactly one of HS256, HS384, HS512')
  }
  const secrets = checkTexts('secret', secret)
  return configuredKeys(
    'secret',
    secrets.map((text) => named('secret', () => hmacSecret(text, algorithm))),
  )
}

function named<T>(option: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new ConfigurationError(`${option}: ${error.message}`)
  }
}
