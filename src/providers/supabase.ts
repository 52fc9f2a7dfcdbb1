import type { Claims } from '../identity/identity.ts'
import type { Identified, SignedToken } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkBaseUrl, checkPresetNames, textIn, type PresetOptions } from './preset.ts'

export interface SupabaseOptions extends PresetOptions {
  /** `https://<ref>.supabase.co`, or where a project of one's own is served. */
  readonly url: string
  /** The legacy JWT secret, of projects that do not sign with a key pair yet. */
  readonly secret?: string
}

/** Access tokens of people who signed in with Supabase Auth. */
export function supabase(options: SupabaseOptions): JwtIssuerOptions {
  checkPresetNames(options, { url: true, secret: true })
  const { url, secret, ...common } = options
  const issuer = `${checkBaseUrl('url', url)}/auth/v1`
  const rules = { ...common, issuer, audience: 'authenticated', accepts: hasSession, identify }
  if (secret !== undefined) return { ...rules, secret, algorithms: ['HS256'] }
  return { ...rules, algorithms: ['ES256', 'RS256', 'EdDSA'] }
}

/** The API keys of a project are JWTs too, but belong to nobody's session. */
function hasSession({ claims }: SignedToken): string | undefined {
  return textIn(claims['session_id']) === undefined ? 'session_id' : undefined
}

function identify({ session_id, role }: Claims): Identified {
  return { session: session_id, roles: typeof role === 'string' ? [role] : [] }
}
