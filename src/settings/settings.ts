import { z } from 'zod'
import { OPERATIONS } from '../identity/operation.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { fieldName } from '../refusal/field-name.ts'
import { algorithms } from '../verify/algorithms.ts'
import { presetNames } from './presets.ts'

const text = z.string().min(1, 'it is empty')
const list = text.transform((value) => value.split(',').map((item) => item.trim()))
const algorithm = z.enum(Object.keys(algorithms) as [keyof typeof algorithms])

/** A setting that holds JSON. */
function json<T extends z.ZodType>(schema: T) {
  const parsed = text.transform((value, context): unknown => {
    try {
      return JSON.parse(value)
    } catch {
      context.addIssue('it is not JSON')
      return z.NEVER
    }
  })
  return parsed.pipe(schema)
}

const plainIssuer = z.strictObject({
  preset: z.undefined().optional(),
  issuer: text,
  jwks_url: text.optional(),
  public_key: z.union([text, z.array(text)]).optional(),
  audience: z.union([text, z.array(text)]).optional(),
  algorithms: z.array(algorithm).optional(),
  authorized_parties: z.array(text).optional(),
  clock_skew_seconds: z.int().optional(),
  max_age_seconds: z.int().optional(),
  user_claim: text.optional(),
  forward_claims: z.array(text).optional(),
})

/** The preset itself says which fields it has. */
const issuer = z.discriminatedUnion('preset', [
  plainIssuer,
  z.looseObject({ preset: z.enum(presetNames) }),
])

const session = z.strictObject({
  form: z.enum(['introspection', 'identity']).default('identity'),
  bearer: text.optional(),
  client_id: text.optional(),
  client_secret: text.optional(),
  audience: z.union([text, z.array(text)]).optional(),
  cookie: text.optional(),
  expires_claim: text.optional(),
  prefix: text.optional(),
  jwts: z.boolean().optional(),
  cache_seconds: z.int().optional(),
  timeout_ms: z.int().optional(),
  issuer: text.optional(),
  subject_claim: text.optional(),
  user_claim: text.optional(),
  session_claim: text.optional(),
  forward_claims: z.array(text).optional(),
  lifetime_seconds: z.int().optional(),
})

const auth = z.enum(['required', 'optional']).default('required')
const room = z.union(
  [text.transform((binding) => ({ binding })), z.strictObject({ binding: text, auth })],
  'expected the name of a binding, or {"binding","auth"?}',
)
const backend = z.union(
  [
    text.transform((origin) => ({ origin })),
    z.strictObject({ origin: text, auth, path: z.enum(['strip', 'keep']).optional() }),
    z.strictObject({ service: text, auth, path: z.enum(['strip', 'keep']).optional() }),
  ],
  'expected an origin, or {"origin" or "service","auth"?,"path"?}',
)

const grants = z.record(text, z.array(z.enum(OPERATIONS)))
const permissions = z.strictObject({
  claim: text.optional(),
  roles: z.record(text, grants).optional(),
  named: z.record(text, grants).optional(),
  everyone: grants.optional(),
})

const jamsocketService = z.strictObject({
  executable: z.record(z.string(), z.unknown()).optional(),
  cluster: text.optional(),
  max_idle_seconds: z.int().optional(),
  lifetime_limit_seconds: z.int().optional(),
})

const settings = z.object({
  JWT_ISSUERS: json(z.array(issuer).min(1)).optional(),
  JWT_SECRET: text.optional(),
  JWT_PUBLIC_KEY: text.optional(),
  JWKS_URL: text.optional(),
  JWT_ISSUER: text.optional(),
  JWT_AUDIENCE: list.optional(),
  JWT_ALGORITHMS: list.pipe(z.array(algorithm)).optional(),
  SHARED_SECRET: list.optional(),
  SESSION_SERVICE_URL: text.optional(),
  SESSION_SERVICE: json(session).optional(),
  TOKEN_KEY: text.optional(),
  TOKEN_KEY_PREVIOUS: text.optional(),
  CONTROL_KEY: list.optional(),
  BACKEND_ORIGINS: list.optional(),
  BACKEND_SERVICES: list.optional(),
  REMEMBER_TOKENS_SECONDS: text.transform(Number).optional(),
  SPAWNER_URL: text.optional(),
  SPAWNER_SECRET: list.optional(),
  BACKEND_DOMAIN: text.optional(),
  BACKEND_COOKIES: z.enum(['lax', 'partitioned']).optional(),
  ROOT_REDIRECT_URL: text.optional(),
  JAMSOCKET_SERVICES: json(z.record(text, jamsocketService)).optional(),
  ALLOWED_ORIGINS: list.optional(),
  SIGN_IN_URL: text.optional(),
  ROOMS: json(z.record(text, room)).optional(),
  BACKENDS: json(z.record(text, backend)).optional(),
  PERMISSIONS: json(permissions).optional(),
  DEVELOPMENT_KEY: text.min(32).optional(),
  DEMO: z.enum(['true', 'false']).optional(),
})

export type Settings = z.output<typeof settings>

/**
 * Reads the settings of `env`.
 *
 * @throws ConfigurationError that names every setting which is wrong, and no value
 */
export function readSettings(env: object): Settings {
  const result = settings.safeParse(env)
  const problems = result.success
    ? missingBindings(result.data, env)
    : result.error.issues.map((issue) => `${fieldName(issue.path)}: ${issue.message}`)
  if (result.success && problems.length === 0) return result.data
  throw new ConfigurationError(problems.join('; '))
}

function missingBindings(
  { ROOMS = {}, BACKENDS = {}, BACKEND_SERVICES = [], TOKEN_KEY, CONTROL_KEY }: Settings,
  env: object,
): string[] {
  const rooms = Object.entries(ROOMS).flatMap(([party, { binding }]) =>
    binding in env ? [] : [`ROOMS.${party}.binding`],
  )
  const services = Object.entries(BACKENDS).flatMap(([name, target]) =>
    !('service' in target) || target.service in env ? [] : [`BACKENDS.${name}.service`],
  )
  const ofServices = BACKEND_SERVICES.flatMap((name) =>
    name in env ? [] : [`BACKEND_SERVICES.${name}`],
  )
  const objects = [
    ...(TOKEN_KEY === undefined ? [] : missing(env, 'TOKEN_KEY', ['SUBJECT'])),
    ...(CONTROL_KEY === undefined ? [] : missing(env, 'CONTROL_KEY', CONNECTION_BINDINGS)),
  ]
  return [...rooms, ...services, ...ofServices, ...objects].map(
    (setting) => `${setting}: there is no binding with this name`,
  )
}

/** Where the deployable Worker has the objects of connections. */
const CONNECTION_BINDINGS = ['BACKEND', 'BACKEND_KEY', 'BACKEND_INDEX']

function missing(env: object, setting: string, bindings: readonly string[]): string[] {
  const absent = bindings.filter((binding) => Reflect.get(env, binding) === undefined)
  return absent.map((binding) => `${binding}, for ${setting}`)
}
