import { checkOptions } from '../gate/check-options.ts'
import type { BackendOptions, GateOptions, RoomOptions } from '../gate/options.ts'
import type { PermissionOptions } from '../policy/permissions.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { jwt } from '../verify/jwt.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { camelCase, named, snakeCase } from './option-name.ts'
import { connectionOptions } from './connection-settings.ts'
import { otherVerifiers, sessionCarriers } from './other-verifiers.ts'
import { presetCarriers, presetIssuer, type PresetIssuer } from './presets.ts'
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
  const others = otherVerifiers(settings)
  const keys = tokenKeys(settings)
  const connections = connectionOptions<Env>(settings, keys)
  if (all.length + others.length === 0 && connections === undefined) {
    throw new ConfigurationError(
      'JWT_ISSUERS: no issuer is configured; set it, or JWT_ISSUER with JWT_SECRET, JWT_PUBLIC_KEY or JWKS_URL, or SHARED_SECRET, or SESSION_SERVICE_URL, or CONTROL_KEY',
    )
  }
  const { ROOMS = {}, BACKENDS = {}, PERMISSIONS, ALLOWED_ORIGINS, SIGN_IN_URL } = settings
  const hasVerifier = all.length + others.length > 0
  const options: GateOptions<Env> = {
    verify: [...(all.length === 0 ? [] : [named(() => jwt(all), ofIssuers)]), ...others],
    // A setting can name any binding; the gate refuses the names that `env` does not hold.
    rooms: { ...demoRooms, ...(ROOMS as Record<string, RoomOptions<Env>>) },
    backends: BACKENDS as Record<string, BackendOptions<Env>>,
    carriers: presetCarriers(presetsOf(settings), sessionCarriers(settings)?.cookie),
    ...(PERMISSIONS === undefined ? {} : { permissions: PERMISSIONS as PermissionOptions }),
    ...(ALLOWED_ORIGINS === undefined ? {} : { cors: { origins: ALLOWED_ORIGINS } }),
    ...(SIGN_IN_URL === undefined ? {} : { signInUrl: SIGN_IN_URL }),
    ...(keys.length > 0 && hasVerifier
      ? { tickets: { subjects: SUBJECTS as never, key: keys } }
      : {}),
    ...(connections === undefined ? {} : { connections }),
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
    .replace(/^signInUrl/, 'SIGN_IN_URL')
    .replace(/^(?:tickets\.key|connections\.tokenKey)\[0\]/, 'TOKEN_KEY')
    .replace(/^(?:tickets\.key|connections\.tokenKey)\[1\]/, 'TOKEN_KEY_PREVIOUS')
    .replace(/^connections\.controlKeys/, 'CONTROL_KEY')
    .replace(/^connections\.jamsocketServices/, 'JAMSOCKET_SERVICES')
    .replace(/\.(?:maxIdle|lifetimeLimit)Seconds$/, snakeCase)
    .replace(/^connections\.origins/, 'BACKEND_ORIGINS')
    .replace(/^connections\.services/, 'BACKEND_SERVICES')
    .replace(/^connections\.rememberSeconds/, 'REMEMBER_TOKENS_SECONDS')
    .replace(/^connections\.backendDomain/, 'BACKEND_DOMAIN')
    .replace(/^connections\.rootRedirectUrl/, 'ROOT_REDIRECT_URL')
    .replace(/^connections\.spawner\.url/, 'SPAWNER_URL')
    .replace(/^connections\.spawner\.secret\[\d+\]/, 'SPAWNER_SECRET')
    .replace(/^(?:rooms|backends|permissions)/, (name) => name.toUpperCase())
}

/** Where the deployable Worker has its `Subject` objects. */
const SUBJECTS = 'SUBJECT'

function tokenKeys({ TOKEN_KEY, TOKEN_KEY_PREVIOUS }: Settings): readonly string[] {
  if (TOKEN_KEY === undefined && TOKEN_KEY_PREVIOUS !== undefined) {
    throw new ConfigurationError('TOKEN_KEY: it is missing, but TOKEN_KEY_PREVIOUS is set')
  }
  return [TOKEN_KEY, TOKEN_KEY_PREVIOUS].filter((key) => key !== undefined)
}

function listedIssuers({ JWT_ISSUERS = [] }: Settings): JwtIssuerOptions[] {
  return JWT_ISSUERS.map(({ preset, ...fields }, index) => {
    const entries = Object.entries(fields).map(([name, value]) => [camelCase(name), value])
    const options = Object.fromEntries(entries) as JwtIssuerOptions
    const nameOf = (option: string) =>
      `JWT_ISSUERS[${index}].${preset === 'clerk' && option === 'publicKey' ? 'jwt_key' : snakeCase(option)}`
    if (preset === undefined) return checkedIssuer(options, nameOf)
    return checkedIssuer(
      named(() => presetIssuer(preset, options), nameOf),
      nameOf,
    )
  })
}

function presetsOf({ JWT_ISSUERS = [] }: Settings): PresetIssuer[] {
  return JWT_ISSUERS.filter((issuer): issuer is PresetIssuer => issuer.preset !== undefined)
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
