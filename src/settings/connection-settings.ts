import type { ControlKey } from '../control/control-keys.ts'
import type { ConnectionOptions } from '../gate/connection-options.ts'
import type { JamsocketServices } from '../jamsocket/services.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { camelCase } from './option-name.ts'
import type { Settings } from './settings.ts'

/**
 * What the settings say of session backends; none without a control key, for nobody could ask for one.
 *
 * @throws ConfigurationError that names the setting which is missing
 */
export function connectionOptions<Env extends object>(
  settings: Settings,
  tokenKey: readonly string[],
): ConnectionOptions<Env> | undefined {
  const { CONTROL_KEY, BACKEND_ORIGINS, BACKEND_SERVICES, REMEMBER_TOKENS_SECONDS } = settings
  const { ROOT_REDIRECT_URL, JAMSOCKET_SERVICES, BACKEND_DOMAIN, BACKEND_COOKIES } = settings
  const spawner = spawnerOf(settings)
  if (CONTROL_KEY === undefined) return undefined
  if (tokenKey.length === 0) {
    throw new ConfigurationError('TOKEN_KEY: it is missing, but CONTROL_KEY is set')
  }
  const services = Object.fromEntries((BACKEND_SERVICES ?? []).map((name) => [name, name]))
  return {
    ...BINDINGS,
    tokenKey,
    controlKeys: CONTROL_KEY.map(controlKey),
    services: services as Record<string, never>,
    ...(BACKEND_ORIGINS === undefined ? {} : { origins: BACKEND_ORIGINS }),
    ...(REMEMBER_TOKENS_SECONDS === undefined ? {} : { rememberSeconds: REMEMBER_TOKENS_SECONDS }),
    ...(JAMSOCKET_SERVICES === undefined
      ? {}
      : { jamsocketServices: jamsocketServices(JAMSOCKET_SERVICES) }),
    ...(spawner === undefined ? {} : { spawner }),
    ...(BACKEND_DOMAIN === undefined ? {} : { backendDomain: BACKEND_DOMAIN }),
    partitionedCookies: BACKEND_COOKIES === 'partitioned',
    ...(ROOT_REDIRECT_URL === undefined ? {} : { rootRedirectUrl: ROOT_REDIRECT_URL }),
  }
}

function spawnerOf({ SPAWNER_URL: url, SPAWNER_SECRET: secret }: Settings) {
  if (url === undefined && secret === undefined) return undefined
  if (url !== undefined && secret !== undefined) return { url, secret }
  const [missing, given] = url === undefined ? SPAWNER : SPAWNER.toReversed()
  throw new ConfigurationError(`${missing}: it is missing, but ${given} is set`)
}

const SPAWNER = ['SPAWNER_URL', 'SPAWNER_SECRET']

/** The fields of a service as options are named. */
function jamsocketServices(
  services: NonNullable<Settings['JAMSOCKET_SERVICES']>,
): JamsocketServices {
  const entries = Object.entries(services).map(([path, service]) => [
    path,
    Object.fromEntries(Object.entries(service).map(([name, value]) => [camelCase(name), value])),
  ])
  return Object.fromEntries(entries) as JamsocketServices
}

/** Where the deployable Worker has its objects: names that `env` is checked for. */
const BINDINGS = {
  backends: 'BACKEND' as never,
  keys: 'BACKEND_KEY' as never,
  index: 'BACKEND_INDEX' as never,
}

/** `connect:<key>` and `read:<key>` may do only that; a key alone may do everything. */
function controlKey(text: string): ControlKey {
  const [, scope, key] = /^(connect|read|admin):(.*)$/.exec(text) ?? [undefined, 'admin', text]
  return { key: key ?? '', scope: scope as ControlKey['scope'] }
}
