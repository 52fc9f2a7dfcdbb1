import type { CarrierOptions, Carriers } from '../carry/carriers.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { MAX_NAME_BYTES } from '../route/destination.ts'

/*
 * Checks of single options. The types say the same, but options also come from JavaScript, and a
 * wrong one must not become the weaker of two meanings.
 */

/** One of the listed texts. */
export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw new ConfigurationError(`${name}: expected one of ${choices.join(', ')}`)
}

/** None or one function, as a list. */
export function functionList<T>(name: string, value: T | undefined): readonly T[] {
  if (value === undefined) return []
  if (typeof value === 'function') return [value]
  throw new ConfigurationError(`${name}: expected a function`)
}

/** A name as HTTP writes it: of a header, a cookie, a parameter (RFC 9110, section 5.6.2). */
export function isToken(value: unknown): boolean {
  return typeof value === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)
}

export function checkCarriers(
  name: string,
  options: CarrierOptions = {},
  defaults: Carriers,
): Carriers {
  const carriers = { ...defaults, ...options }
  for (const carrier of ['query', 'cookie'] as const) {
    const value = carriers[carrier]
    // A percent sign would be encoded in a query, and so never be found there.
    if (value !== false && (!isToken(value) || value.includes('%'))) {
      throw new ConfigurationError(`${name}.${carrier}: expected a name, or false`)
    }
  }
  for (const carrier of ['authorization', 'subprotocol'] as const) {
    if (typeof carriers[carrier] !== 'boolean') {
      throw new ConfigurationError(`${name}.${carrier}: expected true or false`)
    }
  }
  return carriers
}

/** The parties or backends, each name as long as a name in a path may be. */
export function entriesOf<T>(
  name: string,
  record: Readonly<Record<string, T>> = {},
): [string, T][] {
  const entries = Object.entries(record)
  for (const [key] of entries) {
    if (key === '' || new TextEncoder().encode(key).length > MAX_NAME_BYTES) {
      throw new ConfigurationError(`${name}: a name must have 1 to ${MAX_NAME_BYTES} bytes`)
    }
  }
  return entries
}

const RESERVED_PREFIXES: ReadonlySet<string> = new Set(['backends', 'party', '_portico'])
const PREFIX = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/

export function checkPrefix(prefix: string): string {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  if (!PREFIX.test(trimmed) || RESERVED_PREFIXES.has(trimmed.split('/')[0] ?? '')) {
    throw new ConfigurationError(`prefix: "${prefix}" cannot stand before the rooms`)
  }
  return trimmed
}
