import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { CarrierOptions } from '../carry/carriers.ts'
import type { Claims } from '../identity/identity.ts'
import type { Identified, SignedToken } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkTexts } from '../verify/option-checks.ts'
import { checkId, checkPresetNames, textIn, type PresetOptions } from './preset.ts'

export interface CloudflareAccessOptions extends PresetOptions {
  /** `<team>` of `<team>.cloudflareaccess.com`. */
  readonly team: string
  /** The Application Audience (AUD) tag: all applications of an account share their keys. */
  readonly audience: string | readonly string[]
  /** Whether service tokens may come too; their subject is the token's `common_name`. Default `false`. */
  readonly serviceTokens?: boolean
}

/** Where Access puts its token: for the gate's `carriers`. */
export const cloudflareAccessCarriers = {
  header: 'cf-access-jwt-assertion',
  cookie: 'CF_Authorization',
} as const satisfies CarrierOptions

/** The application tokens of Cloudflare Access. */
export function cloudflareAccess(options: CloudflareAccessOptions): JwtIssuerOptions {
  checkPresetNames(options, { team: true, audience: true, serviceTokens: true })
  const { team, audience, serviceTokens = false, ...common } = options
  if (typeof serviceTokens !== 'boolean') {
    throw new ConfigurationError('serviceTokens: expected true or false')
  }
  const issuer = `https://${checkId('team', team)}.cloudflareaccess.com`
  return {
    ...common,
    issuer,
    jwksUrl: `${issuer}/cdn-cgi/access/certs`,
    audience: checkTexts('audience', audience),
    algorithms: ['RS256'],
    // The token of the team's own domain, which opens every application, is of the type "org".
    requiredClaims: { type: 'app' },
    accepts: serviceTokens ? [isPerson, isService] : isPerson,
    identify,
  }
}

function isPerson({ claims }: SignedToken): string | undefined {
  if ('common_name' in claims) return 'common_name'
  return textIn(claims['sub']) === undefined ? 'sub' : undefined
}

function isService({ claims }: SignedToken): string | undefined {
  if (claims['sub'] !== '') return 'sub'
  return textIn(claims['common_name']) === undefined ? 'common_name' : undefined
}

function identify({ sub, common_name }: Claims): Identified {
  return { subject: sub === '' ? common_name : sub }
}
