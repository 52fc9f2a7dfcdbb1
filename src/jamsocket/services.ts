import { clusterName } from '../control/names.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'

/** What runs for a service where its caller says nothing else. */
interface JamsocketService {
  /** As `spawn_config.executable` of `/ctrl/connect`. Default: each call must bring one. */
  readonly executable?: Readonly<Record<string, unknown>>
  /** `host[:port]` of its URLs. Default: the host that is called. */
  readonly cluster?: string
  /** A backend ends when unused for this time. Default 300. */
  readonly maxIdleSeconds?: number
  /** A backend ends after this time. Default: it does not. */
  readonly lifetimeLimitSeconds?: number
}

/** By `account/service`, or `account/service/environment` for another environment than `default`. */
export type JamsocketServices = Readonly<Record<string, JamsocketService>>

/** A service as a path names it. */
export interface ServiceName {
  readonly account: string
  readonly service: string
}

export interface Target extends ServiceName {
  readonly environment: string
  readonly config: JamsocketService
}

export interface Services {
  /** @returns `undefined` for what nobody has configured */
  readonly find: (name: ServiceName, environment: string) => Target | undefined
  /** Without environments: they share the keys of their service. */
  readonly all: readonly ServiceName[]
}

export const DEFAULT_ENVIRONMENT = 'default'

const NAME = '[A-Za-z0-9_-]{1,64}'
const PATH = new RegExp(`^${NAME}/${NAME}(?:/${NAME})?$`)
const OPTION = 'connections.jamsocketServices'

/**
 * Only services that are named here are served: a list of an account's backends is made from them.
 *
 * @throws ConfigurationError that names what is wrong
 */
export function servicesOf(configured: JamsocketServices): Services {
  const byName = new Map<string, Target>()
  for (const [path, config] of Object.entries(configured)) {
    const [account = '', service = '', environment = DEFAULT_ENVIRONMENT] = path.split('/')
    if (!PATH.test(path)) {
      throw new ConfigurationError(
        `${OPTION}: expected account/service or account/service/environment, each 1 to 64 letters, digits, - and _`,
      )
    }
    check(`${OPTION}.${path}`, config)
    const name = `${account}/${service}/${environment}`
    if (byName.has(name)) throw new ConfigurationError(`${OPTION}.${path}: it stands there twice`)
    byName.set(name, { account, service, environment, config })
  }
  const services = new Map(
    [...byName.values()].map(({ account, service }) => [
      namespaceOf({ account, service }),
      { account, service },
    ]),
  )
  return {
    find: ({ account, service }, environment) => byName.get(`${account}/${service}/${environment}`),
    all: [...services.values()],
  }
}

/** Whose keys are not those of another service. */
export function namespaceOf({ account, service }: ServiceName): string {
  return `${account}/${service}`
}

function check(name: string, service: unknown): void {
  if (!isObject(service)) throw new ConfigurationError(`${name}: expected an object`)
  const { executable, cluster } = service
  if (executable !== undefined && !isObject(executable)) {
    throw new ConfigurationError(`${name}.executable: expected an object`)
  }
  if (cluster !== undefined && !clusterName.safeParse(cluster).success) {
    throw new ConfigurationError(`${name}.cluster: expected host or host:port`)
  }
  for (const limit of ['maxIdleSeconds', 'lifetimeLimitSeconds']) {
    const seconds = service[limit] ?? 1
    if (!Number.isInteger(seconds) || Number(seconds) < 1 || Number(seconds) > MAX_INT32) {
      throw new ConfigurationError(`${name}.${limit}: expected whole seconds, at least 1`)
    }
  }
}

const MAX_INT32 = 2 ** 31 - 1

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
