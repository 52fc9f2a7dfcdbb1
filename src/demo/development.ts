import { refuse, type Result, ok } from '../refusal/refusal.ts'
import { isLoopback } from '../route/loopback.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'

const DEVELOPMENT_ISSUER = 'https://development.portico.invalid'
const DEVELOPMENT_AUDIENCE = 'portico'

/** The issuer whose tokens `POST /_portico/dev/token` mints. */
export function developmentIssuer(developmentKey: string): JwtIssuerOptions {
  return { issuer: DEVELOPMENT_ISSUER, audience: DEVELOPMENT_AUDIENCE, secret: developmentKey }
}

/** The claims that make a token one of the development issuer's. */
export const developmentClaims = { iss: DEVELOPMENT_ISSUER, aud: DEVELOPMENT_AUDIENCE }

/** How every key begins that `development.env` publishes. */
const PUBLISHED = 'portico-development-'

const KEYS = ['DEVELOPMENT_KEY', 'TOKEN_KEY', 'TOKEN_KEY_PREVIOUS', 'CONTROL_KEY']

/** The control key of `development.env`, where it is among those that are set: never one that guards anything. */
export function developmentControlKey(setting: string | undefined): string | undefined {
  const keys = setting?.split(',').map((key) => key.trim())
  return keys?.find((key) => key.startsWith(PUBLISHED))
}

/**
 * A development key is in the repository for everyone to read, so it must not guard anything real:
 * `wrangler dev` is reached on a loopback name, a deployed Worker never is.
 */
export function checkDevelopmentKeys(env: object, url: string): Result<void> {
  const settings: Readonly<Record<string, unknown>> = { ...env }
  const name = KEYS.find((setting) => {
    const value = settings[setting]
    if (setting === 'DEVELOPMENT_KEY') return value !== undefined
    return typeof value === 'string' && value.includes(PUBLISHED)
  })
  if (name === undefined) return ok(undefined)
  const { hostname } = new URL(url)
  if (isLoopback(hostname)) return ok(undefined)
  return refuse(
    'gate_misconfigured',
    `${name}: a development key may only be set under wrangler dev`,
  )
}
