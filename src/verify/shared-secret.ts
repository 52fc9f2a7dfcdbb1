import { deepFreeze } from '../identity/deep-freeze.ts'
import type { Identity } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ok } from '../refusal/refusal.ts'
import { checkNames, checkSeconds, checkText, checkTexts } from './option-checks.ts'
import { secretMatch } from './secret-match.ts'
import type { Verifier } from './verifier.ts'

export interface SharedSecretOptions {
  /** Each of 32 to 512 visible ASCII characters without a comma; several while one replaces another. */
  readonly secrets: string | readonly string[]
  /** The identity's issuer. Default `shared-secret`. */
  readonly issuer?: string
  /** Who the callers are. Default `server`. */
  readonly subject?: string
  /** How long what they open may stay open. Default 3600. */
  readonly lifetimeSeconds?: number
}

const OPTIONS: Readonly<Record<keyof SharedSecretOptions, true>> = {
  secrets: true,
  issuer: true,
  subject: true,
  lifetimeSeconds: true,
}

const MAX_SECRET_CHARACTERS = 512
// What every carrier brings over unchanged: a header is split at commas.
const SECRET = /^[!-+\--~]{32,512}$/
const DEFAULT_LIFETIME_SECONDS = 3600
const MAX_LIFETIME_SECONDS = 24 * 3600

/**
 * Verifies callers that share a secret with the gate: servers, cron jobs. Whatever is not one of
 * the secrets is left to the next verifier.
 *
 * @throws ConfigurationError that names the option which is wrong
 */
export function sharedSecret(options: SharedSecretOptions): Verifier {
  checkNames(options, OPTIONS)
  const secrets = checkTexts('secrets', options.secrets)
  if (!secrets.every((secret) => SECRET.test(secret))) {
    throw new ConfigurationError(
      'secrets: each needs 32 to 512 visible ASCII characters without a comma',
    )
  }
  const issuer = checkText('issuer', options.issuer ?? 'shared-secret')
  const subject = checkText('subject', options.subject ?? 'server')
  const lifetimeSeconds = checkSeconds(
    'lifetimeSeconds',
    options.lifetimeSeconds ?? DEFAULT_LIFETIME_SECONDS,
    MAX_LIFETIME_SECONDS,
    1,
  )
  const match = secretMatch(secrets)

  return async (token, { now }) => {
    if (token.length > MAX_SECRET_CHARACTERS) return undefined
    if ((await match(token)) === undefined) return undefined
    const expiresAt = Math.floor(now() / 1000) + lifetimeSeconds
    return ok(identityOf(issuer, subject, expiresAt))
  }
}

function identityOf(issuer: string, subject: string, expiresAt: number): Identity {
  return deepFreeze({
    issuer,
    subject,
    username: subject,
    session: undefined,
    tokenId: undefined,
    expiresAt,
    claims: {},
    userData: {},
  })
}
