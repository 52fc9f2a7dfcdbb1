import type { Claims } from '../identity/identity.ts'
import type { Identified, SignedToken } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkText, checkTexts } from '../verify/option-checks.ts'
import { checkId, checkPresetNames, textIn, textsIn, type PresetOptions } from './preset.ts'

export interface WorkosOptions extends PresetOptions {
  readonly clientId: string
  /**
   * Default `https://api.workos.com/user_management/<clientId>`; `https://api.workos.com` for
   * environments that were made before the middle of 2025, or the custom authentication domain.
   */
  readonly issuer?: string
  /** Where the tokens have one. */
  readonly audience?: string | readonly string[]
}

/** Access tokens of WorkOS AuthKit. */
export function workos(options: WorkosOptions): JwtIssuerOptions {
  checkPresetNames(options, { clientId: true, issuer: true, audience: true })
  const { clientId, issuer, audience, ...common } = options
  const client = checkId('clientId', clientId)
  return {
    ...common,
    ...(audience === undefined ? {} : { audience: checkTexts('audience', audience) }),
    issuer: checkText('issuer', issuer ?? `https://api.workos.com/user_management/${client}`),
    jwksUrl: `https://api.workos.com/sso/jwks/${client}`,
    algorithms: ['RS256'],
    accepts: hasSession,
    identify,
  }
}

function hasSession({ claims }: SignedToken): string | undefined {
  return textIn(claims['sid']) === undefined ? 'sid' : undefined
}

function identify({ org_id, role, roles, permissions }: Claims): Identified {
  const id = textIn(org_id)
  if (id === undefined) return {}
  const single = textIn(role)
  const all = new Set([...textsIn(roles), ...(single === undefined ? [] : [single])])
  return { organization: { id, roles: [...all], permissions: textsIn(permissions) } }
}
