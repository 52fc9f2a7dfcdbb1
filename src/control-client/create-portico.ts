import { failed, type Answer } from './answer.ts'
import { ask } from './ask.ts'
import {
  isConnectAnswer,
  isListedBackend,
  isListedToken,
  isNull,
  isRevokeAnswer,
  isSpawnAnswer,
  isStatus,
  type Check,
  type ConnectAnswer,
  type ConnectRequest,
  type ListedBackend,
  type ListedToken,
  type RevokeAnswer,
  type RevokeRequest,
  type SpawnAnswer,
  type SpawnRequest,
  type Status,
} from './documents.ts'
import { followStatus } from './follow-status.ts'
import { itemsOf } from './pages.ts'
import { gateOf, type PorticoOptions } from './portico-options.ts'

/** The control API of a gate, as an application's server asks it. */
export interface Portico {
  /** Asks for a connection: the URL in the answer is what a browser opens. */
  readonly connect: (request: ConnectRequest) => Promise<Answer<ConnectAnswer>>
  /**
   * Starts a backend of a service, `account/service`, or takes the one that holds the lock. Without
   * `require_bearer_token` whoever knows the URL gets in.
   */
  readonly spawn: (service: string, request?: SpawnRequest) => Promise<Answer<SpawnAnswer>>
  /** Ends a backend, which may first finish what it does unless the kind is `hard`. */
  readonly terminate: (backendId: string, kind?: 'soft' | 'hard') => Promise<Answer<null>>
  readonly revoke: (request: RevokeRequest) => Promise<Answer<RevokeAnswer>>
  /** The latest status. */
  readonly status: (backendId: string) => Promise<Answer<Status>>
  /**
   * All statuses from the first, then those to come up to `terminated`. Comes back where the
   * connection breaks; an error, when the gate stays out of reach or refuses, is the last item.
   */
  readonly statusStream: (
    backendId: string,
    options?: { readonly signal?: AbortSignal },
  ) => AsyncIterable<Answer<Status>>
  /** The tokens of a backend; none can be used from there. An error is the last item. */
  readonly tokens: (backendId: string) => AsyncIterable<Answer<ListedToken>>
  /** The backends of a namespace, of the empty one by default. An error is the last item. */
  readonly backends: (namespace?: string) => AsyncIterable<Answer<ListedBackend>>
}

/**
 * A client of a gate's control API, for servers: a browser must never hold a control key.
 *
 * @throws ConfigurationError that names the option which is wrong
 */
export function createPortico(options: PorticoOptions): Portico {
  const gate = gateOf(options)

  const post = async <T>(path: string, body: unknown, isAnswer: Check<T>): Promise<Answer<T>> => {
    const json = jsonOf(body)
    if (!json.ok) return json
    return ask(gate, { method: 'POST', path, body: json.value }, isAnswer)
  }
  return {
    connect: (request) => post('/ctrl/connect', request, isConnectAnswer),
    async spawn(service, request = {}) {
      const [account = '', name = ''] = SERVICE.test(service) ? service.split('/') : []
      if (name === '') return noSuchService
      // JSON leaves it out, and what was meant for those with a token would be open to all.
      if (holdsUndefined(request)) return undefinedField('leave it out')
      const path = `/v1/user/${account}/service/${name}/spawn`
      return post(path, request, isSpawnAnswer(request))
    },
    async terminate(backendId, kind) {
      if (!isBackendId(backendId)) return noSuchBackend
      const path = `/ctrl/b/${backendId}/${kind === 'hard' ? 'hard' : 'soft'}-terminate`
      return ask(gate, { method: 'POST', path }, isNull)
    },
    async revoke(request) {
      // JSON leaves it out, and what was meant for one user would be done to all.
      if (holdsUndefined(request)) return undefinedField('leave it out for all')
      return post('/ctrl/revoke', request, isRevokeAnswer)
    },
    async status(backendId) {
      if (!isBackendId(backendId)) return noSuchBackend
      return ask(gate, { method: 'GET', path: `/pub/b/${backendId}/status` }, isStatus)
    },
    async *statusStream(backendId, { signal } = {}) {
      if (isBackendId(backendId)) yield* followStatus(gate, backendId, signal)
      else yield noSuchBackend
    },
    async *tokens(backendId) {
      const path = `/ctrl/b/${backendId}/tokens`
      if (isBackendId(backendId)) yield* itemsOf(gate, path, {}, 'tokens', isListedToken)
      else yield noSuchBackend
    },
    backends: (namespace = '') =>
      itemsOf(gate, '/ctrl/backends', { namespace }, 'backends', isListedBackend),
  }
}

const noSuchBackend = failed('NotFound', 'Backend does not exist')
const noSuchService = failed('NotFound', 'Service does not exist')

/** As the gate has it. */
const SERVICE = /^[A-Za-z0-9_-]{1,64}\/[A-Za-z0-9_-]{1,64}$/

function undefinedField(advice: string) {
  return failed('InvalidRequest', `the request: a field is undefined; ${advice}`)
}

/** As the gate has it. Anything else, with its dots and slashes, would lead to another path. */
function isBackendId(text: string): boolean {
  return /^[a-z0-9-]{1,45}$/.test(text)
}

function holdsUndefined(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return value === undefined
  return Object.values(value).some(holdsUndefined)
}

/** `max_uses: NaN` is `null` in JSON, and so as many uses as one likes. */
function jsonOf(body: unknown): Answer<string> {
  try {
    return { ok: true, value: JSON.stringify(body, finite) }
  } catch {
    return failed('InvalidRequest', 'the request: it holds what JSON cannot carry')
  }
}

function finite(_name: string, value: unknown): unknown {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('not finite')
  return value
}
