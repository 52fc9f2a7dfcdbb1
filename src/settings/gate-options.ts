import { checkOptions } from '../gate/check-options.ts'
import type { BackendOptions, GateOptions, RoomOptions } from '../gate/options.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { jwt } from '../verify/jwt.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import type { Settings } from './settings.ts'

/**
 * The gate's options as the settings say them.
 *
 * @param development the development issuer, where there is one
 * @param demoRooms the demo's rooms, where it is shown; `ROOMS` wins over them
 * @throws ConfigurationError that names the setting which is wrong
 */
export function gateOptionsFrom<Env extends object>(
  settings: Settings,
  development: JwtIssuerOptions | undefined,
  demoRooms: Readonly<Record<string, RoomOptions<Env>>>,
): GateOptions<Env> {
  const issuers = [...listedIssuers(settings), ...shortIssuer(settings)]
  const all = development === undefined ? issuers : [...issuers, development]
  if (all.length === 0) {
    throw new ConfigurationError(
      'JWT_ISSUERS: no issuer is configured; set it, or JWT_ISSUER with JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL',
    )
  }
  const { ROOMS = {}, BACKENDS = {}, ALLOWED_ORIGINS } = settings
  const options: GateOptions<Env> = {
    verify: named(() => jwt(all), ofIssuers),
    // A setting can name any binding; the gate refuses the names that `env` does not hold.
    rooms: { ...demoRooms, ...(ROOMS as Record<string, RoomOptions<Env>>) },
    backends: BACKENDS as Record<string, BackendOptions<Env>>,
    ...(ALLOWED_ORIGINS === undefined ? {} : { cors: { origins: ALLOWED_ORIGINS } }),
  }
  named(() => checkOptions(options), gateSettingOf)
  return options
}

/** What one issuer alone cannot have wrong: two of them are the same. */
function ofIssuers(): string {
  return 'JWT_ISSUERS'
}

/** `rooms.main.auth` is `ROOMS.main.auth` as a setting. */
function gateSettingOf(option: string): string {
  return option
    .replace(/^cors\.origins/, 'ALLOWED_ORIGINS')
    .replace(/^(?:rooms|backends)/, (name) => name.toUpperCase())
}

function listedIssuers({ JWT_ISSUERS = [] }: Settings): JwtIssuerOptions[] {
  return JWT_ISSUERS.map((issuer, index) => {
    const options = Object.entries(issuer).map(([name, value]) => [camelCase(name), value])
    const nameOf = (option: string) => `JWT_ISSUERS[${index}].${snakeCase(option)}`
    return checkedIssuer(Object.fromEntries(options) as JwtIssuerOptions, nameOf)
  })
}

const SHORT_NAMES = {
  issuer: 'JWT_ISSUER',
  secret: 'JWT_SECRET',
  publicKey: 'JWT_PUBLIC_KEY',
  jwksUrl: 'JWKS_URL',
  audience: 'JWT_AUDIENCE',
  algorithms: 'JWT_ALGORITHMS',
} as const

function shortIssuer(settings: Settings): JwtIssuerOptions[] {
  const given = Object.entries(SHORT_NAMES).filter(([, name]) => settings[name] !== undefined)
  const [first] = given
  if (first === undefined) return []
  if (settings.JWT_ISSUER === undefined) {
    throw new ConfigurationError(`JWT_ISSUER: it is missing, but ${first[1]} is set`)
  }
  const options = Object.fromEntries(given.map(([option, name]) => [option, settings[name]]))
  const nameOf = (option: string) => SHORT_NAMES[option as keyof typeof SHORT_NAMES] ?? option
  return [checkedIssuer(options as unknown as JwtIssuerOptions, nameOf)]
}

function checkedIssuer(
  options: JwtIssuerOptions,
  nameOf: (option: string) => string,
): JwtIssuerOptions {
  named(() => jwt(options), nameOf)
  return options
}

/** Runs a check that reports a wrong option, and reports it under the name that it has as a setting. */
function named<T>(check: () => T, nameOf: (option: string) => string): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    const [options = '', ...reason] = error.message.split(': ')
    const settings = options.split(', ').map(nameOf).join(', ')
    throw new ConfigurationError([settings, ...reason].join(': '))
  }
}

function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
