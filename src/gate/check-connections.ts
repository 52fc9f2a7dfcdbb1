import type { Hono } from 'hono'
import { connectionsOf } from '../connection/connections-of.ts'
import type { Connections } from '../connection/connections.ts'
import { originOf, originSpawner } from '../connection/origin-spawner.ts'
import { roomSpawner } from '../connection/room-spawner.ts'
import { serviceSpawner } from '../connection/service-spawner.ts'
import type { Stores } from '../connection/stores.ts'
import { controlApi } from '../control/control-api.ts'
import { controlKeys } from '../control/control-keys.ts'
import { receiveReport } from '../control/spawner-reports.ts'
import { jamsocketApi } from '../jamsocket/jamsocket-api.ts'
import { servicesOf } from '../jamsocket/services.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { checkSeconds, checkServiceUrl, checkTexts } from '../verify/option-checks.ts'
import { checkSpawner } from './check-spawner.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { checkNamespace, checkService, checkTokenKeys, entriesOf } from './option-values.ts'

/** Connection tokens, as the gate uses them. */
export interface ConnectionGate {
  readonly connections: Connections
  /** Answers `/ctrl`, `/pub` and the description of both. */
  readonly control: Hono
  /** Answers `/v2` and the rest of Jamsocket's API; `undefined` where no service is configured for it. */
  readonly jamsocket: Hono | undefined
  /** Answers what a spawner reports; `undefined` where none does over HTTP. */
  readonly spawnerReports: ((request: Request) => Promise<Response>) | undefined
  readonly services: ReadonlyMap<string, Fetcher>
  readonly rootRedirectUrl: string | undefined
}

const DEFAULT_REMEMBER_SECONDS = 5
const MAX_REMEMBER_SECONDS = 60
const DEFAULT_START_SECONDS = 30
const MAX_START_SECONDS = 300

/**
 * @param parties the rooms that a backend can be
 * @returns what makes the connections once the bindings are there
 * @throws ConfigurationError that names the option which is wrong, in both steps
 */
export function checkConnections<Env extends object>(
  options: ConnectionOptions<Env>,
  parties: readonly string[],
): (env: Env) => ConnectionGate {
  const keys = checkTokenKeys('connections.tokenKey', options.tokenKey)
  controlKeys(options.controlKeys)
  servicesOf(options.jamsocketServices ?? {})
  const origins = checkOrigins(options.origins)
  const rememberSeconds = checkSeconds(
    'connections.rememberSeconds',
    options.rememberSeconds ?? DEFAULT_REMEMBER_SECONDS,
    MAX_REMEMBER_SECONDS,
  )
  const startSeconds = checkSeconds(
    'connections.startSeconds',
    options.startSeconds ?? DEFAULT_START_SECONDS,
    MAX_START_SECONDS,
  )
  const { rootRedirectUrl } = options
  const root =
    rootRedirectUrl === undefined
      ? undefined
      : checkServiceUrl('connections.rootRedirectUrl', rootRedirectUrl)
  const { spawner, secrets } = checkSpawner(options.spawner)
  const listed = entriesOf('connections.services', options.services)

  return (env) => {
    const services = new Map(
      listed.map(([name, service]) => [
        name,
        checkService(`connections.services.${name}`, service, env),
      ]),
    )
    const inside = [roomSpawner(new Set(parties)), serviceSpawner(new Set(services.keys()))]
    const connections = connectionsOf({
      stores: {
        backends: checkNamespace<Stores['backends']>('connections.backends', options.backends, env),
        keys: checkNamespace<Stores['keys']>('connections.keys', options.keys, env),
        index: checkNamespace<Stores['index']>('connections.index', options.index, env),
      },
      keys,
      addressSpawners: [originSpawner(origins), ...inside],
      spawner,
      rememberSeconds,
      startSeconds,
      now: Date.now,
    })
    const control = controlApi(connections, { keys: options.controlKeys })
    const { controlKeys: keysOf, jamsocketServices: served, backendDomain } = options
    const jamsocket =
      served && jamsocketApi(connections, { keys: keysOf, services: served, backendDomain })
    const reports = { connections, secrets, addressSpawners: [originSpawner('any'), ...inside] }
    const spawnerReports =
      secrets.length === 0 ? undefined : (request: Request) => receiveReport(request, reports)
    return { connections, control, jamsocket, spawnerReports, services, rootRedirectUrl: root }
  }
}

function checkOrigins(origins: readonly string[] = []): ReadonlySet<string> {
  const name = 'connections.origins'
  const texts = origins.length === 0 ? [] : checkTexts(name, origins)
  return new Set(
    texts.map((text, index) => {
      const origin = originOf(text)
      if (origin !== undefined) return origin
      throw new ConfigurationError(
        `${name}[${index}]: expected http(s)://host[:port] and nothing after it`,
      )
    }),
  )
}
