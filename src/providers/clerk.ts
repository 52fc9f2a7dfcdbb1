import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkText, checkTexts } from '../verify/option-checks.ts'
import { frontendApiOf } from './clerk-publishable-key.ts'
import { clerkOrganization } from './clerk-organization.ts'
import { clerkRules, type ClerkToken } from './clerk-tokens.ts'
import { checkBaseUrl, checkPresetNames, type PresetOptions } from './preset.ts'

export interface ClerkOptions extends PresetOptions {
  /** Says the issuer; give it, or `issuer`, or both where they differ. */
  readonly publishableKey?: string
  /** The frontend API's URL, which is the tokens' `iss`. */
  readonly issuer?: string
  /** The instance's public key (PEM): tokens are then verified without a network. */
  readonly jwtKey?: string
  /** Default `session`. Opaque machine tokens and API keys are no JWTs and never accepted. */
  readonly accepts?: ClerkToken | readonly ClerkToken[]
  /** What sessions and templates must name in `aud`. By default they have none. */
  readonly audience?: string | readonly string[]
  /** What machine tokens must name in `aud`. Default: the same as the others. */
  readonly machineAudience?: string | readonly string[]
}

/**
 * Tokens of Clerk. `authorizedParties` should be given: the origins of the pages that sessions are
 * made on. Machine tokens have no such page, and are not asked for it.
 */
export function clerk(options: ClerkOptions): JwtIssuerOptions {
  checkPresetNames(options, OWN)
  const { publishableKey, issuer, jwtKey, accepts, audience, machineAudience, ...common } = options
  const kinds = checkTexts('accepts', accepts ?? 'session')
  const machines = machineAudience ?? audience
  const ofMachines = {
    audience: machines === undefined ? [] : checkTexts('machineAudience', machines),
    authorizedParties: [],
  }
  return {
    ...common,
    issuer: issuerOf(issuer, publishableKey),
    ...(jwtKey === undefined ? {} : { publicKey: checkText('jwtKey', jwtKey) }),
    ...(audience === undefined ? {} : { audience: checkTexts('audience', audience) }),
    algorithms: ['RS256'],
    types: kinds.includes('oauth') ? ['JWT', 'at+jwt'] : ['JWT'],
    accepts: kinds.map((kind) => {
      if (!Object.hasOwn(clerkRules, kind)) {
        throw new ConfigurationError(
          `accepts: expected one or more of ${Object.keys(clerkRules).join(', ')}`,
        )
      }
      const rule = clerkRules[kind as ClerkToken]
      return kind === 'm2m' || kind === 'oauth' ? { accepts: rule, ...ofMachines } : rule
    }),
    identify: clerkOrganization,
  }
}

const OWN = {
  publishableKey: true,
  issuer: true,
  jwtKey: true,
  accepts: true,
  audience: true,
  machineAudience: true,
} as const

function issuerOf(issuer: string | undefined, publishableKey: string | undefined): string {
  if (issuer !== undefined) return checkBaseUrl('issuer', issuer)
  if (publishableKey !== undefined) return `https://${frontendApiOf(publishableKey)}`
  throw new ConfigurationError('issuer: expected it, or publishableKey')
}
