import { ConfigurationError } from '../refusal/configuration-error.ts'
import { cutUrl } from '../route/path.ts'

/** Where each backend has a host of its own: `<backend>.<host>`. */
export interface BackendDomain {
  readonly host: string
  /** `undefined`: whatever port the gate is reached at. */
  readonly port: string | undefined
}

const DOMAIN = /^([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::([0-9]{1,5}))?$/

/** @throws ConfigurationError that names the option */
export function checkBackendDomain(text: unknown): BackendDomain {
  const [, host, port] = DOMAIN.exec(String(text).toLowerCase()) ?? []
  const authority = port === undefined ? host : `${host}:${port}`
  if (typeof text === 'string' && host !== undefined && URL.canParse(`http://${authority}`)) {
    return { host, port }
  }
  throw new ConfigurationError('connections.backendDomain: expected host or host:port')
}

const ORIGIN = /^(https?):\/\/(.*?)\.?(?::(\d*))?$/

/**
 * What stands before the domain, in lower case. That is a backend's name or nothing at all: the gate
 * itself is not below the domain, so that no page of a backend shares an origin with it.
 *
 * @returns `undefined` for a host that is not below the domain
 */
export function backendLabelOf(url: string, domain: BackendDomain | undefined): string | undefined {
  if (domain === undefined) return undefined
  const [, scheme, host, given] = ORIGIN.exec(cutUrl(url).origin.toLowerCase()) ?? []
  if (host?.endsWith(`.${domain.host}`) !== true) return undefined
  const port = given || (scheme === 'https' ? '443' : '80')
  if (domain.port !== undefined && domain.port !== port) return undefined
  return host.slice(0, -domain.host.length - 1)
}
