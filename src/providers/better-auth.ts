import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Claims } from '../identity/identity.ts'
import type { Identified } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkText, checkTexts } from '../verify/option-checks.ts'
import { checkBaseUrl, checkPresetNames, textIn, type PresetOptions } from './preset.ts'

export interface BetterAuthOptions extends PresetOptions {
  /** Better Auth's `baseURL`, as it is written there: issuer and audience are that text. */
  readonly baseUrl: string
  /** Default `/api/auth`. */
  readonly basePath?: string
  /** Where the JWT plugin names another. */
  readonly issuer?: string
  /** Where the JWT plugin names another. */
  readonly audience?: string | readonly string[]
}

/** Tokens of Better Auth's JWT plugin. */
export function betterAuth(options: BetterAuthOptions): JwtIssuerOptions {
  checkPresetNames(options, { baseUrl: true, basePath: true, issuer: true, audience: true })
  const { baseUrl, basePath = '/api/auth', issuer, audience, ...common } = options
  if (!/^(?:\/[A-Za-z0-9_-]+)*$/.test(basePath)) {
    throw new ConfigurationError('basePath: expected a path such as /api/auth')
  }
  return {
    ...common,
    issuer: checkText('issuer', issuer ?? baseUrl),
    audience: checkTexts('audience', audience ?? baseUrl),
    jwksUrl: `${checkBaseUrl('baseUrl', baseUrl)}${basePath}/jwks`,
    algorithms: ['EdDSA', 'ES256', 'ES512', 'RS256', 'PS256'],
    identify,
  }
}

/** The admin plugin keeps a person's roles in one text. */
function identify({ role }: Claims): Identified {
  const roles = textIn(role)?.split(',') ?? []
  return { roles: roles.map((name) => name.trim()).filter((name) => name !== '') }
}
