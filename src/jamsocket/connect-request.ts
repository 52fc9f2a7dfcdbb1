import { z } from 'zod'
import type { ConnectOrder } from '../connection/connections.ts'
import { connectRequest, orderOf } from '../control/connect-request.ts'
import { DEFAULT_ENVIRONMENT, namespaceOf, type Target } from './services.ts'

const MAX_KEY_CHARACTERS = 128
/** As Jamsocket's. */
const DEFAULT_IDLE_SECONDS = 300

export const keyText = z
  .string()
  .refine(
    (key) => Array.from(key).length <= MAX_KEY_CHARACTERS,
    `it is longer than ${MAX_KEY_CHARACTERS} characters`,
  )

export const imageTag = z.string().min(1).max(128)
export const environmentVariables = z.record(z.string(), z.string())

const executable = z.looseObject({
  mount: z.union([z.string(), z.boolean()], { error: 'expected text, true or false' }).nullish(),
  env: environmentVariables.nullish(),
  resource_limits: z.record(z.string(), z.number()).nullish(),
})

const spawn = z.object(
  {
    tag: imageTag.nullish(),
    cluster: z.string().nullish(),
    lifetime_limit_seconds: z.number().nullish(),
    max_idle_seconds: z.number().nullish(),
    executable: executable.nullish(),
  },
  { error: 'expected true, false or an object' },
)

const body = z.object({
  key: keyText.nullish(),
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
  return body.transform((given, context) => orderFor(given, target, context, ownPath) ?? z.NEVER)
}

/**
 * @param nameOf how the caller names a field of Plane's connect call
 * @returns `undefined` where it is wrong, which `context` is told
 */
export function orderFor(
  given: Body,
  target: Target,
  context: z.RefinementCtx,
  nameOf: (path: readonly PropertyKey[]) => PropertyKey[],
): ConnectOrder | undefined {
  const request = planeRequestOf(given, target)
  if (request.spawn_config?.executable === null) {
    const message = 'the service has none of its own, so the call must say it'
    context.addIssue({ code: 'custom', path: ['spawn', 'executable'], message })
    return undefined
  }
  const checked = connectRequest.safeParse(request)
  if (checked.success) return { ...orderOf(checked.data), namespace: namespaceOf(target) }
  for (const { path, message } of checked.error.issues) {
    context.addIssue({ code: 'custom', path: nameOf(path), message })
  }
  return undefined
}

function planeRequestOf({ key, spawn: given, user, auth }: Body, target: Target) {
  const { environment } = target
  const tag = environment === DEFAULT_ENVIRONMENT ? '' : environment
  return {
    key: typeof key === 'string' ? { name: key, namespace: namespaceOf(target), tag } : undefined,
    spawn_config: given === null ? undefined : spawnConfigOf(given ?? {}, target),
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
const MANNERS = new Set(['mount', 'env', 'resource_limits', 'port'])

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

/** `key.name` is `key` here, and `spawn_config.cluster` is `spawn.cluster`. */
export function ownPath([first, ...rest]: readonly PropertyKey[]): PropertyKey[] {
  if (first === 'key') return ['key']
  return first === undefined ? [] : [first === 'spawn_config' ? 'spawn' : first, ...rest]
}

/** The same for a message that begins with the path. */
export function ownMessage(message: string): string {
  return message.replace(/^spawn_config\b/, 'spawn')
}
