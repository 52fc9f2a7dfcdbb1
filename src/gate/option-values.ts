import { TICKET_PARAMETER, type CarrierOptions, type Carriers } from '../carry/carriers.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { MAX_NAME_BYTES } from '../route/destination.ts'
import { checkTexts } from '../verify/option-checks.ts'

/*
 * Checks of single options. The types say the same, but options also come from JavaScript, and a
 * wrong one must not become the weaker of two meanings.
 */

/** One of the listed texts. */
export function checkChoice<T extends string>(name: string, value: T, choices: readonly T[]): T {
  if (choices.includes(value)) return value
  throw new ConfigurationError(`${name}: expected one of ${choices.join(', ')}`)
}

export function checkFlag(name: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new ConfigurationError(`${name}: expected true or false`)
}

/** None or one function, as a list. */
export function functionList<T>(name: string, value: T | undefined): readonly T[] {
  if (value === undefined) return []
  if (typeof value === 'function') return [value]
  throw new ConfigurationError(`${name}: expected a function`)
}

/** A Durable Object namespace, given by itself or by the name of its binding. */
export function checkNamespace<T extends DurableObjectNamespace>(
  name: string,
  binding: T | string,
  env: object,
): T {
  const namespace = typeof binding === 'string' ? Reflect.get(env, binding) : binding
  if (isNamespace(namespace)) return namespace as T
  const what = typeof binding === 'string' ? `"${binding}"` : 'it'
  throw new ConfigurationError(`${name}: ${what} is not a Durable Object namespace`)
}

function isNamespace(value: unknown): value is DurableObjectNamespace {
  return (
    typeof value === 'object' && value !== null && 'getByName' in value && 'idFromName' in value
  )
}

/** Another Worker, given by itself or by the name of its binding. */
export function checkService(name: string, service: unknown, env: object): Fetcher {
  const bound: unknown = typeof service === 'string' ? Reflect.get(env, service) : service
  if (typeof bound === 'object' && bound !== null && 'fetch' in bound) return bound as Fetcher
  throw new ConfigurationError(`${name}: expected an origin or a service binding`)
}

const MIN_KEY_CHARACTERS = 32

/** Keys that tickets or connection tokens are tagged with. */
export function checkTokenKeys(name: string, value: unknown): readonly [string, ...string[]] {
  const keys = checkTexts(name, value) as readonly [string, ...string[]]
  for (const [index, key] of keys.entries()) {
    if (key.length < MIN_KEY_CHARACTERS) {
      throw new ConfigurationError(
        `${name}[${index}]: it needs at least ${MIN_KEY_CHARACTERS} characters`,
      )
    }
  }
  return keys
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
  const { cookie, ...others } = options
  const cookies = cookie === undefined ? defaults.cookie : cookieNames(`${name}.cookie`, cookie)
  const carriers = { ...defaults, ...others, cookie: cookies, ticket: defaults.ticket }
  for (const carrier of ['query', 'header'] as const) {
    const value = carriers[carrier]
    if (value !== false && !isCarrierName(value)) {
      throw new ConfigurationError(`${name}.${carrier}: expected a name, or false`)
    }
  }
  const { dropCookies } = carriers
  if (!Array.isArray(dropCookies) || !dropCookies.every(isToken)) {
    throw new ConfigurationError(`${name}.dropCookies: expected a list of names`)
  }
  if (carriers.ticket && carriers.query === TICKET_PARAMETER) {
    throw new ConfigurationError(`${name}.query: "${TICKET_PARAMETER}" is where tickets come`)
  }
  if (carriers.header !== false && OTHER_CARRIERS.has(carriers.header.toLowerCase())) {
    throw new ConfigurationError(`${name}.header: ${carriers.header} is a carrier of its own`)
  }
  for (const carrier of ['authorization', 'subprotocol'] as const) {
    if (typeof carriers[carrier] !== 'boolean') {
      throw new ConfigurationError(`${name}.${carrier}: expected true or false`)
    }
  }
  return carriers
}

const OTHER_CARRIERS: ReadonlySet<string> = new Set([
  'authorization',
  'cookie',
  'sec-websocket-protocol',
])

function cookieNames(name: string, cookie: string | readonly string[] | false): readonly string[] {
  const names: readonly string[] = cookie === false ? [] : [cookie].flat()
  if (cookie === false || (names.length > 0 && names.every(isCarrierName))) return names
  throw new ConfigurationError(`${name}: expected a name, a list of names, or false`)
}

/** A percent sign would be encoded in a query, and so never be found there. */
function isCarrierName(value: unknown): boolean {
  return isToken(value) && !String(value).includes('%')
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

const RESERVED_PREFIXES: ReadonlySet<string> = new Set([
  'backends',
  'party',
  '_portico',
  'ctrl',
  'pub',
  'v1',
  'v2',
  'auth',
  '.well-known',
])
const PREFIX = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*$/

export function checkPrefix(prefix: string): string {
  const trimmed = prefix.replace(/^\/+|\/+$/g, '')
  if (!PREFIX.test(trimmed) || RESERVED_PREFIXES.has(trimmed.split('/')[0] ?? '')) {
    throw new ConfigurationError(`prefix: "${prefix}" cannot stand before the rooms`)
  }
  return trimmed
}
