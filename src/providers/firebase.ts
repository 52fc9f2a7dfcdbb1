import type { Claims } from '../identity/identity.ts'
import type { Identified, SignedToken } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkId, checkPresetNames, membersOf, textIn, type PresetOptions } from './preset.ts'

export interface FirebaseOptions extends PresetOptions {
  readonly projectId: string
}

/** One key set for all projects: only the issuer and the audience tell whose token it is. */
const KEYS =
  'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com'

/** ID tokens of Firebase Authentication. */
export function firebase(options: FirebaseOptions): JwtIssuerOptions {
  checkPresetNames(options, { projectId: true })
  const { projectId, ...common } = options
  const audience = checkId('projectId', projectId)
  return {
    ...common,
    issuer: `https://securetoken.google.com/${audience}`,
    jwksUrl: KEYS,
    audience,
    algorithms: ['RS256'],
    accepts: wasSignedIn,
    identify,
  }
}

function wasSignedIn({ claims }: SignedToken, latest: number): string | undefined {
  const { auth_time } = claims
  return typeof auth_time === 'number' && auth_time <= latest ? undefined : 'auth_time'
}

/** A tenant of Identity Platform is the organisation that its people belong to. */
function identify({ firebase: details }: Claims): Identified {
  const id = textIn(membersOf(details)['tenant'])
  return id === undefined ? {} : { organization: { id, roles: [], permissions: [] } }
}
