import type { Claims } from '../identity/identity.ts'
import type { Identified } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkTexts } from '../verify/option-checks.ts'
import {
  checkBaseUrl,
  checkId,
  checkPresetNames,
  membersOf,
  textsIn,
  type PresetOptions,
} from './preset.ts'

export interface KeycloakOptions extends PresetOptions {
  /** `https://keycloak.example.com`, with `/auth` where it is served under that. */
  readonly url: string
  readonly realm: string
  /** What an audience mapper puts in; without one it is `account`, and `authorizedParties` decides. */
  readonly audience: string | readonly string[]
}

/** Access tokens of a Keycloak realm. */
export function keycloak(options: KeycloakOptions): JwtIssuerOptions {
  checkPresetNames(options, { url: true, realm: true, audience: true })
  const { url, realm, audience, ...common } = options
  const issuer = `${checkBaseUrl('url', url)}/realms/${checkId('realm', realm)}`
  return {
    ...common,
    issuer,
    jwksUrl: `${issuer}/protocol/openid-connect/certs`,
    audience: checkTexts('audience', audience),
    algorithms: ['RS256', 'ES256', 'PS256', 'EdDSA'],
    types: ['JWT', 'at+jwt'],
    // ID, refresh and logout tokens are signed with the same keys; a DPoP one is bound to its client.
    requiredClaims: { typ: 'Bearer' },
    identify,
  }
}

/** Roles of the realm by their name, those of a client as `<client>:<role>`. */
function identify({ realm_access, resource_access }: Claims): Identified {
  const ofClients = Object.entries(membersOf(resource_access)).flatMap(([client, access]) =>
    textsIn(membersOf(access)['roles']).map((role) => `${client}:${role}`),
  )
  return { roles: [...textsIn(membersOf(realm_access)['roles']), ...ofClients] }
}
