import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkNames, checkServiceUrl, checkText } from '../verify/option-checks.ts'

/** What every preset takes beside its own options, as `jwt()` takes it. */
export type PresetOptions = Pick<JwtIssuerOptions, keyof typeof COMMON>

const COMMON = {
  authorizedParties: true,
  clockSkewSeconds: true,
  maxAgeSeconds: true,
  userClaim: true,
  forwardClaims: true,
} as const

/** @throws ConfigurationError for a name that the preset does not have */
export function checkPresetNames(options: object, own: Readonly<Record<string, true>>): void {
  checkNames(options, { ...COMMON, ...own })
}

/** A host that goes into an issuer's URL: a name alone, so that nothing else of the URL moves. */
export function checkHost(option: string, value: unknown): string {
  const host = checkText(option, value)
  if (URL.parse(`https://${host}`)?.host === host) return host
  throw new ConfigurationError(`${option}: expected a host such as example.auth0.com`)
}

/** An id that goes into an issuer's URL. */
export function checkId(option: string, value: unknown): string {
  const id = checkText(option, value)
  if (/^[A-Za-z0-9_-]+$/.test(id)) return id
  throw new ConfigurationError(`${option}: expected letters, digits, "-" and "_" only`)
}

/** A URL that others are made of, without the slash at its end. */
export function checkBaseUrl(option: string, value: unknown): string {
  const url = checkServiceUrl(option, value)
  if (!url.includes('?')) return url.replace(/\/$/, '')
  throw new ConfigurationError(`${option}: expected a URL without a query`)
}

/** Texts of a claim; what is not a list of texts grants nothing. */
export function textsIn(value: unknown): readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string') ? value : []
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** A claim that is an object; anything else has no members. */
export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
