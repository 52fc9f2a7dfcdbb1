import { z } from 'zod'
import type { ConnectOrder } from '../connection/connections.ts'
import {
  environmentVariables,
  imageTag,
  keyText,
  orderFor,
  ownMessage,
  ownPath,
} from './connect-request.ts'
import { DEFAULT_ENVIRONMENT, type Target } from './services.ts'

export const spawnRequest = z.object({
  lock: keyText.nullish().describe('whose backend to take where there is one already'),
  require_bearer_token: z
    .boolean()
    .nullish()
    .describe('whether only who shows the bearer token of the answer gets in'),
  grace_period_seconds: z.number().nullish().describe('the backend ends when unused for this time'),
  port: z.int().min(1).max(65_535).nullish(),
  env: environmentVariables.nullish(),
  tag: imageTag.nullish().describe('which image of the service'),
  service_environment: z.string().nullish(),
})

/**
 * What a spawn call of v1 asks for: a backend with one token for everyone, or one that is open.
 *
 * @param find the service in one of its environments
 * @returns `undefined` for an environment that nobody has configured
 */
export function spawnOrder(
  find: (environment: string) => Target | undefined,
): z.ZodType<ConnectOrder | undefined> {
  return spawnRequest.transform((given, context) => {
    const target = find(given.service_environment ?? DEFAULT_ENVIRONMENT)
    if (target === undefined) return undefined
    if (target.config.executable === undefined) {
      const message = 'it has no executable of its own, and this call cannot say one'
      context.addIssue({ code: 'custom', path: ['service'], message })
      return z.NEVER
    }
    const order = orderFor(connectBodyOf(given), target, context, fieldOf)
    return order === undefined ? z.NEVER : guarded(order, given.require_bearer_token !== true)
  })
}

function connectBodyOf({
  lock,
  grace_period_seconds,
  tag,
  env,
  port,
}: z.output<typeof spawnRequest>) {
  const executable = { env, port: port ?? null }
  return { key: lock, spawn: { tag, max_idle_seconds: grace_period_seconds, executable } }
}

/**
 * Whoever asks for a bearer token must not get a backend that is open, nor the other way round, nor
 * one that a connect call started: the tag tells them apart, and no environment's name has a colon.
 */
function guarded({ key, spawn, ...order }: ConnectOrder, isOpen: boolean): ConnectOrder {
  const mode = isOpen ? 'open' : 'bearer'
  return {
    ...order,
    key: key && { ...key, tag: `${mode}:${key.tag}` },
    spawn: spawn && { ...spawn, useStaticToken: true, isOpen },
  }
}

function fieldOf(path: readonly PropertyKey[]): PropertyKey[] {
  const [first, second] = path
  if (first === 'key') return ['lock']
  return second === 'max_idle_seconds' ? ['grace_period_seconds'] : ownPath(path)
}

/** A message that begins with a path, with the field as a spawn call has it. */
export function fieldMessage(message: string): string {
  return ownMessage(message.replace(/^spawn_config\.executable\.(?=(?:env|port|tag)\b)/, ''))
}
