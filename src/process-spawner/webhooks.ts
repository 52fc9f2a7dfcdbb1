import { Buffer } from 'node:buffer'
import type { IncomingHttpHeaders } from 'node:http'
import { Webhook } from 'standardwebhooks'
import { ConfigurationError } from '../refusal/configuration-error.ts'

const SECRET = /^whsec_((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/

/** Signs and verifies by Standard Webhooks 1. */
export interface Webhooks {
  /** The headers of a request with this body. */
  readonly sign: (id: string, body: string) => Readonly<Record<string, string>>
  /** Whether a request was signed with one of the secrets, within the last five minutes. */
  readonly isSigned: (headers: IncomingHttpHeaders, body: string) => boolean
}

/**
 * @param secrets one or, while rotating, several, comma-separated: the first signs, each is accepted
 * @throws ConfigurationError that names the setting, and no secret
 */
export function createWebhooks(secrets: string | undefined): Webhooks {
  const webhooks = (secrets ?? '').split(',').map((secret) => new Webhook(checked(secret.trim())))
  const [first] = webhooks
  return {
    sign(id, body) {
      const now = new Date()
      return {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
        'webhook-signature': first?.sign(id, now, body) ?? '',
      }
    },
    isSigned: (headers, body) => webhooks.some((webhook) => isSignedWith(webhook, headers, body)),
  }
}

function isSignedWith(webhook: Webhook, headers: IncomingHttpHeaders, body: string): boolean {
  const names = ['webhook-id', 'webhook-timestamp', 'webhook-signature']
  const signed = Object.fromEntries(names.map((name) => [name, [headers[name]].join()]))
  try {
    webhook.verify(body, signed, { jsonParse: false })
    return true
  } catch {
    return false
  }
}

function checked(secret: string): string {
  const bytes = Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64').length
  if (bytes >= 24 && bytes <= 64) return secret
  throw new ConfigurationError(
    'SPAWNER_SECRET: expected "whsec_" and 24 to 64 bytes in base64, several separated by commas',
  )
}
