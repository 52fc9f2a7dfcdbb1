import { z } from 'zod'
import {
  DEFAULT_TTL_SECONDS,
  type ConnectOrder,
  type SpawnOrder,
} from '../connection/connections.ts'
import { connectionHeaders } from '../identity/headers.ts'
import { checkUrl } from '../route/path.ts'
import { exactly } from './exactly.ts'
import {
  backendName,
  backendKey,
  boundedText,
  clusterName,
  isIpAddress,
  named,
  subdomain,
} from './names.ts'

const MAX_INT32 = 2 ** 31 - 1
const MAX_TTL_SECONDS = 30 * 24 * 3600
/** A row of the store holds two mebibytes, and this is not all of it. */
const MAX_EXECUTABLE_BYTES = 1024 * 1024
const MAX_LEVELS = 64

const INEXACT = 'it holds a number that JSON readers round; send it as text'

const seconds = z.int().min(1).max(MAX_INT32)

const spawnConfig = z
  .object({
    id: backendName.nullish().describe('the id of the new backend; default: a random one'),
    cluster: clusterName.nullish().describe('host[:port] of its URLs; default: the host called'),
    pool: z.string().default('').describe('Plane’s pool of drones; ignored'),
    executable: z
      .unknown()
      .refine((given) => given !== undefined, { error: 'it is missing', abort: true })
      .refine(isStorable, {
        error: `expected JSON of at most ${MAX_EXECUTABLE_BYTES} bytes and ${MAX_LEVELS} levels`,
        abort: true,
      })
      .refine((given) => !holdsInexactNumber(given), INEXACT)
      .describe(
        '{"origin": URL}, {"room": {"party", "room"}}, {"service": binding}, or what the spawner takes',
      ),
    lifetime_limit_seconds: seconds.nullish().describe('the backend ends after this time'),
    max_idle_seconds: seconds.nullish().describe('the backend ends when unused for this time'),
    use_static_token: z.boolean().default(false).describe('one token for the whole backend'),
    subdomain: subdomain.nullish().describe('stands before the host of its URLs'),
  })
  .refine((config) => !config.subdomain || !isIpAddress(config.cluster ?? ''), {
    path: ['subdomain'],
    error: 'a cluster that is an IP address has none',
  })
  .register(named, { id: 'SpawnConfig' })

// What a pattern can say of them: a description tells it, and the rest is checked afterwards.
const PATH = /^\/(?:[!"$&->@-[\]-~]|%[0-9A-Fa-f]{2})*$/
const EXPECTED_PATH = 'expected a path that starts with a slash, as URLs write it'
const ORIGIN = /^https?:\/\/(?:[!"$&-.0-9;=_`a-z{}~]+|\[[0-9a-f:]+\])(?::(?:0|[1-9][0-9]{0,4}))?$/
const EXPECTED_ORIGIN = 'expected an origin such as https://app.example.com'

const connectKey = backendKey
  .extend({ tag: boundedText().default('').describe('must be that of the backend that holds it') })
  .register(named, { id: 'ConnectKey' })

const scope = exactly('{"methods"?, "path"?}', {
  methods: z
    .array(
      z
        .string()
        .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,32}$/, 'expected the name of a method')
        .toUpperCase(),
    )
    .min(1)
    .max(16)
    .nullish()
    .describe('default: all'),
  path: z
    .string()
    .max(2048)
    .regex(PATH, { error: EXPECTED_PATH, abort: true })
    .refine(isPlainPath, EXPECTED_PATH)
    .nullish()
    .describe('/docs is also /docs/1, and not /docs2; default: all'),
}).register(named, { id: 'Scope' })

export const connectRequest = z
  .object({
    key: connectKey.nullish().describe('whose backend to connect to; without one, a new backend'),
    spawn_config: spawnConfig.nullish().describe('how to make the backend where there is none'),
    user: z.string().nullish().describe('told to the backend in x-verified-username'),
    auth: z
      .unknown()
      .refine(isObject, 'expected an object')
      .refine((auth) => isShallow(auth), {
        error: `expected at most ${MAX_LEVELS} levels`,
        abort: true,
      })
      .optional()
      .meta({ type: 'object', description: 'told to the backend in x-verified-user-data' }),
    expires_in_seconds: z
      .int()
      .min(1)
      .max(MAX_TTL_SECONDS)
      .nullish()
      .describe(`the token’s lifetime; default ${DEFAULT_TTL_SECONDS}`),
    max_uses: z
      .int()
      .min(1)
      .max(MAX_INT32)
      .nullish()
      .describe('how often the token may be used; default: as often as one likes'),
    origin: z
      .string()
      .regex(ORIGIN, { error: EXPECTED_ORIGIN, abort: true })
      .refine(isOrigin, EXPECTED_ORIGIN)
      .nullish()
      .describe('the one origin whose pages may use the token'),
    scope: scope.nullish().describe('the only requests that the token is good for'),
  })
  .superRefine((request, context) => {
    for (const [field, message] of contradictions(request)) {
      context.addIssue({ code: 'custom', path: [field], message })
    }
  })
  .register(named, { id: 'ConnectRequest' })

type ConnectRequest = z.output<typeof connectRequest>

export function orderOf({ key, spawn_config, ...request }: ConnectRequest): ConnectOrder {
  return {
    key: key ?? undefined,
    spawn: spawn_config ? spawnOrderOf(spawn_config) : undefined,
    user: request.user ?? undefined,
    auth: isEmpty(request.auth) ? undefined : request.auth,
    expiresInSeconds: request.expires_in_seconds ?? undefined,
    maxUses: request.max_uses ?? undefined,
    origin: request.origin ?? undefined,
    methods: request.scope?.methods ?? undefined,
    path: request.scope?.path ?? undefined,
  }
}

function spawnOrderOf(config: z.output<typeof spawnConfig>): SpawnOrder {
  return {
    id: config.id ?? undefined,
    cluster: config.cluster ?? undefined,
    subdomain: config.subdomain ?? undefined,
    executable: config.executable,
    lifetimeLimitSeconds: config.lifetime_limit_seconds ?? undefined,
    maxIdleSeconds: config.max_idle_seconds ?? undefined,
    useStaticToken: config.use_static_token,
    isOpen: false,
  }
}

/** What is wrong with fields that are right each by itself. */
function* contradictions(
  request: Pick<ConnectRequest, 'user' | 'auth' | 'spawn_config'>,
): Generator<readonly [field: string, problem: string]> {
  const { auth = {}, spawn_config } = request
  const user = request.user ?? undefined
  const headers = connectionHeaders(user, JSON.stringify(auth))
  if (!headers.ok) {
    const isUser = !connectionHeaders(user, '{}').ok
    yield [isUser ? 'user' : 'auth', headers.refusal.detail]
  } else if (holdsInexactNumber(auth)) {
    yield ['auth', INEXACT]
  }
  if (spawn_config?.use_static_token !== true) return
  for (const field of NOT_WITH_STATIC) {
    if (isGiven(Reflect.get(request, field))) yield [field, 'a static token cannot have it']
  }
}

/** A static token is everybody's and lasts as long as its backend: none of these would hold. */
const NOT_WITH_STATIC = ['user', 'auth', 'expires_in_seconds', 'max_uses', 'origin', 'scope']

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && !isEmpty(value)
}

function isEmpty(value: unknown): boolean {
  return isObject(value) && Object.keys(value).length === 0
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Parsed here, 9007199254740993 is another number already, and so another customer’s id. */
function holdsInexactNumber(value: unknown): boolean {
  if (typeof value === 'number') {
    return !Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value))
  }
  if (typeof value !== 'object' || value === null) return false
  return Object.values(value).some(holdsInexactNumber)
}

function isStorable(executable: unknown): boolean {
  if (!isShallow(executable)) return false
  return new TextEncoder().encode(JSON.stringify(executable)).length <= MAX_EXECUTABLE_BYTES
}

/** What is nested deeper than the stack arrives all the same, and no object can be given it. */
function isShallow(value: unknown, levels = MAX_LEVELS): boolean {
  if (typeof value !== 'object' || value === null) return true
  return levels > 0 && Object.values(value).every((member) => isShallow(member, levels - 1))
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text)
  return url?.origin === text && /^https?:$/.test(url.protocol)
}

function isPlainPath(path: string): boolean {
  const origin = 'http://localhost'
  return checkUrl({ origin, path, search: '' }).ok
}
