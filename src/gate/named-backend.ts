import { BACKENDS_PREFIX, destinationOf } from '../route/destination.ts'
import { checkUrl, type RawUrl } from '../route/path.ts'
import type { Gate } from './gate.ts'
import type { GrantedGate } from './send-granted.ts'

/** What of the gate a request meets that names a session backend. */
export interface NamedGate extends GrantedGate {
  readonly cors: Gate<never, never>['cors']
  readonly partitionedCookies: boolean
}

/** A session backend as a request names it, whether there is one or not. */
export interface NamedBackend {
  readonly backendId: string
  /** The part of the path that names it, `/backends/<id>`; empty on a host of its own. */
  readonly prefix: string
  /** What follows of the path, byte for byte; starts with a slash. */
  readonly rest: string
}

export function namedByHost(label: string, url: RawUrl): NamedBackend {
  return { backendId: label, prefix: '', rest: url.path }
}

/** @returns `undefined` for every other path, and for the name of a backend of the configuration */
export function namedByPath<Env, C>(
  { backends, roomPrefix }: Gate<Env, C>,
  url: RawUrl,
): NamedBackend | undefined {
  if (!url.path.startsWith(BACKENDS_PREFIX)) return undefined
  const path = checkUrl(url)
  const destination = path.ok ? destinationOf(path.value, roomPrefix) : path
  // What is wrong with it is said where every other path is refused.
  if (!destination.ok || destination.value?.kind !== 'backend') return undefined
  const { backend, prefix, rest } = destination.value
  return backends.has(backend) ? undefined : { backendId: backend, prefix, rest }
}
