import { DEFAULT_CARRIERS, type CarrierOptions } from '../carry/carriers.ts'
import type { BackendTarget } from '../forward/to-backend.ts'
import type { Hook } from '../hook/lobby.ts'
import { BACKENDS } from '../policy/grants.ts'
import { checkPermissions, type Policy } from '../policy/permissions.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { DEFAULT_ROOM_PREFIX } from '../route/destination.ts'
import { checkServiceUrl } from '../verify/option-checks.ts'
import type { Verifier } from '../verify/verifier.ts'
import { AUTH_COOKIE } from './auth-link.ts'
import { checkBackendDomain } from './backend-host.ts'
import { checkConnections } from './check-connections.ts'
import { checkTickets } from './check-tickets.ts'
import { checkCors } from './cors.ts'
import type { BackendGuard, Gate, Guard, RoomGuard } from './gate.ts'
import {
  checkCarriers,
  checkChoice,
  checkFlag,
  checkNamespace,
  checkPrefix,
  checkService,
  entriesOf,
  functionList,
} from './option-values.ts'
import type { AuthMode, BackendOptions, GateOptions, RoomOptions } from './options.ts'

/**
 * Fills in every default and finds every mistake that can be found before the first request.
 *
 * @returns what makes the gate once the bindings are there
 * @throws ConfigurationError that names the option which is wrong, in both steps
 */
export function checkOptions<Env extends object, C>(
  options: GateOptions<Env, C>,
): (env: Env) => Gate<Env, C> {
  const ticket = options.tickets !== undefined
  const carriers = checkCarriers('carriers', options.carriers, { ...DEFAULT_CARRIERS, ticket })
  const listed = [options.verify ?? []].flat() as readonly Verifier<C>[]
  const verifiers = listed.flatMap((verifier) => functionList('verify', verifier))
  const { onBeforeConnect, onBeforeRequest } = options

  const checkGuard = <L>(name: string, guard: GuardInput<L>): Guard<L> => {
    const auth = checkChoice(`${name}.auth`, guard.auth ?? 'required', AUTH_MODES)
    const connectHooks = [
      ...functionList('onBeforeConnect', onBeforeConnect as Hook<L> | undefined),
      ...functionList(`${name}.onBeforeConnect`, guard.onBeforeConnect),
    ]
    const requestHooks = [
      ...functionList('onBeforeRequest', onBeforeRequest as Hook<L> | undefined),
      ...functionList(`${name}.onBeforeRequest`, guard.onBeforeRequest),
    ]
    if (auth !== 'hook' && verifiers.length === 0) {
      throw new ConfigurationError(`verify: ${name} needs a verifier, or auth: 'hook' and a hook`)
    }
    if (auth === 'hook' && connectHooks.length + requestHooks.length === 0) {
      throw new ConfigurationError(`${name}: auth is 'hook', but there is no hook`)
    }
    return {
      auth,
      carriers: checkCarriers(`${name}.carriers`, guard.carriers, carriers),
      onBeforeConnect: connectHooks,
      onBeforeRequest: requestHooks,
    }
  }

  const rooms = entriesOf('rooms', options.rooms).map(([party, room]) => {
    const name = `rooms.${party}`
    const guard = checkGuard(name, { ...room, ...hooksOfServer(name, room) })
    const className = classNameOf(party, room)
    const inEnv = (env: Env): [string, RoomGuard<Env, C>] => {
      return [
        party,
        { ...guard, className, namespace: checkNamespace(`${name}.binding`, room.binding, env) },
      ]
    }
    return inEnv
  })
  const backends = entriesOf('backends', options.backends).map(([backend, settings]) => {
    const name = `backends.${backend}`
    const guard = checkGuard(name, settings)
    const path = checkChoice(`${name}.path`, settings.path ?? 'strip', ['strip', 'keep'])
    const originTarget = settings.origin === undefined ? undefined : originOf(name, settings.origin)
    const inEnv = (env: Env): [string, BackendGuard<Env, C>] => {
      return [backend, { ...guard, path, target: originTarget ?? serviceOf(name, settings, env) }]
    }
    return inEnv
  })
  const { connections: sessions } = options
  const settled = {
    verifiers,
    policy: policyOf(options, verifiers.length > 0),
    elsewhere: { auth: 'required', carriers, onBeforeConnect: [], onBeforeRequest: [] },
    credentialCookies: [
      ...(verifiers.length === 0 ? [] : [...carriers.cookie, ...carriers.dropCookies]),
      ...(sessions === undefined ? [] : [AUTH_COOKIE]),
    ],
    backendDomain:
      sessions?.backendDomain === undefined
        ? undefined
        : checkBackendDomain(sessions.backendDomain),
    partitionedCookies: checkFlag(
      'connections.partitionedCookies',
      sessions?.partitionedCookies ?? false,
    ),
    roomPrefix: checkPrefix(options.prefix ?? DEFAULT_ROOM_PREFIX),
    cors: options.cors === undefined ? undefined : checkCors(options.cors),
    refusedUpgrades: checkChoice('refusedUpgrades', options.refusedUpgrades ?? 'auto', [
      'auto',
      'close',
      'status',
    ]),
    signInUrl:
      options.signInUrl === undefined ? undefined : checkServiceUrl('signInUrl', options.signInUrl),
  } as const
  const tickets = options.tickets && checkTickets(options.tickets, verifiers.length > 0)
  const connections = sessions && checkConnections(sessions, Object.keys(options.rooms ?? {}))
  return (env) => ({
    ...settled,
    tickets: tickets?.(env),
    connected: connections?.(env),
    rooms: new Map(rooms.map((inEnv) => inEnv(env))),
    backends: new Map(backends.map((inEnv) => inEnv(env))),
  })
}

function policyOf<Env, C>(
  { permissions, rooms = {} }: GateOptions<Env, C>,
  hasVerifier: boolean,
): Policy | undefined {
  if (permissions === undefined) return undefined
  if (!hasVerifier) throw new ConfigurationError('permissions: they need a verifier')
  if (Object.hasOwn(rooms, BACKENDS)) {
    throw new ConfigurationError(
      `rooms.${BACKENDS}: with permissions, patterns with this name are for the backends`,
    )
  }
  return checkPermissions(permissions)
}

const AUTH_MODES = ['required', 'optional', 'hook'] as const

interface GuardInput<L> {
  readonly auth?: AuthMode
  readonly carriers?: CarrierOptions
  readonly onBeforeConnect?: Hook<L> | undefined
  readonly onBeforeRequest?: Hook<L> | undefined
}

/** Static methods keep their class as `this`, as PartyKit calls them. */
function hooksOfServer<Env, C>(name: string, room: RoomOptions<Env, C>) {
  const { server } = room
  for (const hook of ['onBeforeConnect', 'onBeforeRequest'] as const) {
    if (room[hook] !== undefined && server?.[hook] !== undefined) {
      throw new ConfigurationError(
        `${name}.${hook}: it is given twice, as an option and by the server class`,
      )
    }
  }
  return {
    onBeforeConnect: room.onBeforeConnect ?? server?.onBeforeConnect?.bind(server),
    onBeforeRequest: room.onBeforeRequest ?? server?.onBeforeRequest?.bind(server),
  }
}

function classNameOf<Env, C>(party: string, { server, binding }: RoomOptions<Env, C>): string {
  return server?.name ?? (typeof binding === 'string' ? binding : party)
}

function originOf(name: string, origin: string): BackendTarget {
  const url = URL.parse(origin)
  const isHttp = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (url === null || !isHttp || url.href !== `${url.origin}/`) {
    throw new ConfigurationError(
      `${name}.origin: expected http(s)://host[:port] and nothing after it`,
    )
  }
  return { kind: 'origin', origin: url.origin }
}

function serviceOf<Env extends object, C>(
  name: string,
  { service }: BackendOptions<Env, C>,
  env: Env,
): BackendTarget {
  return { kind: 'service', service: checkService(name, service, env) }
}
