import type { Spawner } from '../connection/spawner.ts'
import { webhookSpawner } from '../connection/webhook-spawner.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { checkServiceUrl, checkTexts } from '../verify/option-checks.ts'
import type { WebhookSpawner } from './connection-options.ts'

export interface SpawnerGate {
  /** `undefined`: nothing runs what does not run already. */
  readonly spawner: Spawner | undefined
  /** What reports are signed with; empty where they do not come over HTTP. */
  readonly secrets: readonly string[]
}

/** @throws ConfigurationError that names the option which is wrong */
export function checkSpawner(option: WebhookSpawner | Spawner | undefined): SpawnerGate {
  if (option === undefined) return { spawner: undefined, secrets: [] }
  if ('spawn' in option) return { spawner: option, secrets: [] }
  const secrets = checkTexts('connections.spawner.secret', option.secret)
  for (const [index, secret] of secrets.entries()) checkSecret(secret, index)
  const [secret = ''] = secrets
  const url = checkServiceUrl('connections.spawner.url', option.url)
  const spawner = webhookSpawner({
    ...{ url, secret, now: Date.now },
    fetch: (input, init) => fetch(input, init),
    sleep: (milliseconds) => scheduler.wait(milliseconds),
  })
  return { spawner, secrets }
}

const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/

/** Standard Webhooks, "Signature scheme": 24 to 64 random bytes, as base64 after `whsec_`. */
function checkSecret(secret: string, index: number): void {
  const bytes = atob(SECRET.exec(secret)?.[1] ?? '').length
  if (bytes >= 24 && bytes <= 64) return
  throw new ConfigurationError(
    `connections.spawner.secret[${index}]: expected whsec_ and the base64 of 24 to 64 bytes`,
  )
}
