import { z } from 'zod'
import type { ConnectOrder } from '../connection/connections.ts'
import { connectRequest, orderOf } from '../control/connect-request.ts'
import { DEFAULT_ENVIRONMENT, namespaceOf, type Target } from './services.ts'

const MAX_KEY_CHARACTERS = 128
/** As Jamsocket's. */
const DEFAULT_IDLE_SECONDS = 300

const executable = z.looseObject({
  mount: z.union([z.string(), z.boolean()], { error: 'expected text, true or false' }).nullish(),
  env: z.record(z.string(), z.string()).nullish(),
  resource_limits: z.record(z.string(), z.number()).nullish(),
})

const spawn = z.object(
  {
    tag: z.string().min(1).max(128).nullish(),
    cluster: z.string().nullish(),
    lifetime_limit_seconds: z.number().nullish(),
    max_idle_seconds: z.number().nullish(),
    executable: executable.nullish(),
  },
  { error: 'expected true, false or an object' },
)

const body = z.object({
  key: z
    .string()
    .refine(
      (key) => Array.from(key).length <= MAX_KEY_CHARACTERS,
      `it is longer than ${MAX_KEY_CHARACTERS} characters`,
    )
    .nullish(),
  // `null` from here on: nothing may be started.
  spawn: z.preprocess((given) => {
    if (given === false) return null
    return given === true || given === null ? {} : given
  }, spawn.nullish()),
  user: z.unknown().optional(),
  auth: z.unknown().optional(),
})

type Body = z.output<typeof body>
type Spawn = z.output<typeof spawn>
type Executable = z.output<typeof executable>

/** What a connect call asks for, under the rules that hold for Plane's. */
export function connectOrder(target: Target): z.ZodType<ConnectOrder> {
  return body.transform((given, context) => {
    const request = planeRequestOf(given, target)
    if (request.spawn_config?.executable === null) {
      const message = 'the service has none of its own, so the call must say it'
      context.addIssue({ code: 'custom', path: ['spawn', 'executable'], message })
      return z.NEVER
    }
    const checked = connectRequest.safeParse(request)
    if (checked.success) return orderOf(checked.data)
    for (const { path, message } of checked.error.issues) {
      context.addIssue({ code: 'custom', path: ownPath(path), message })
    }
    return z.NEVER
  })
}

function planeRequestOf({ key, spawn: given, user, auth }: Body, target: Target) {
  const mayStart = given !== null
  const { environment } = target
  const name = key ?? (mayStart ? randomKey() : undefined)
  const tag = environment === DEFAULT_ENVIRONMENT ? '' : environment
  return {
    key: name === undefined ? undefined : { name, namespace: namespaceOf(target), tag },
    spawn_config: mayStart ? spawnConfigOf(given ?? {}, target) : undefined,
    user,
    auth: auth ?? undefined,
  }
}

function spawnConfigOf(given: Spawn, { config }: Target) {
  const own = executableOf(config.executable, given.executable ?? {})
  return {
    cluster: given.cluster ?? config.cluster,
    executable: own === null || !given.tag ? own : { ...own, tag: given.tag },
    lifetime_limit_seconds: given.lifetime_limit_seconds ?? config.lifetimeLimitSeconds,
    max_idle_seconds: given.max_idle_seconds ?? config.maxIdleSeconds ?? DEFAULT_IDLE_SECONDS,
  }
}

/** Members that say how the service's executable is run; any other makes it another executable. */
const MANNERS = new Set(['mount', 'env', 'resource_limits'])

function executableOf(
  configured: Readonly<Record<string, unknown>> | undefined,
  given: Executable,
): Readonly<Record<string, unknown>> | null {
  const { env, ...others } = given
  const hasEnv = Object.keys(env ?? {}).length > 0
  const members = Object.entries({ ...others, ...(hasEnv && { env }) }).filter(
    ([, value]) => value !== null,
  )
  if (!members.every(([name]) => MANNERS.has(name))) return Object.fromEntries(members)
  if (configured === undefined) return null
  const both = hasEnv && { env: Object.assign({}, configured['env'], env) }
  return { ...configured, ...Object.fromEntries(members), ...both }
}

/** As Plane does for a backend that nobody will ask for by its key, so that it can be listed. */
function randomKey(): string {
  return `lk-${crypto.randomUUID()}`
}

/** @returns `undefined` for a key that no caller chose */
export function givenKey(name: string | undefined): string | undefined {
  return name !== undefined && /^lk-[0-9a-f]{8}-[0-9a-f-]{27}$/.test(name) ? undefined : name
}

/** `key.name` is `key` here, and `spawn_config.cluster` is `spawn.cluster`. */
function ownPath([first, ...rest]: readonly PropertyKey[]): PropertyKey[] {
  if (first === 'key') return ['key']
  return first === undefined ? [] : [first === 'spawn_config' ? 'spawn' : first, ...rest]
}

/** The same for a message that begins with the path. */
export function ownMessage(message: string): string {
  return message.replace(/^spawn_config\b/, 'spawn')
}
