import type { Claims } from '../identity/identity.ts'
import type { Identified } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkTexts } from '../verify/option-checks.ts'
import { checkHost, checkPresetNames, textIn, textsIn, type PresetOptions } from './preset.ts'

export interface Auth0Options extends PresetOptions {
  /** `<tenant>.auth0.com`, with its region where it has one, or a custom domain. */
  readonly domain: string
  /** The identifier of the API. An ID token names a client instead, and is so refused. */
  readonly audience: string | readonly string[]
}

/** Access tokens of Auth0, in its own profile and in that of RFC 9068. */
export function auth0(options: Auth0Options): JwtIssuerOptions {
  checkPresetNames(options, { domain: true, audience: true })
  const { domain, audience, ...common } = options
  return {
    ...common,
    issuer: `https://${checkHost('domain', domain)}/`,
    audience: checkTexts('audience', audience),
    algorithms: ['RS256'],
    types: ['JWT', 'at+jwt'],
    identify,
  }
}

function identify({ org_id, org_name, permissions }: Claims): Identified {
  const id = textIn(org_id)
  if (id === undefined) return {}
  const slug = textIn(org_name)
  return {
    organization: {
      id,
      ...(slug === undefined ? {} : { slug }),
      roles: [],
      permissions: textsIn(permissions),
    },
  }
}
