import type { Claims } from '../identity/identity.ts'
import type { Identified } from '../verify/claims.ts'
import { membersOf, textIn, textsIn } from './preset.ts'

/** The active organisation of a session, as the first and the second version of the claims say it. */
export function clerkOrganization(claims: Claims): Identified {
  return claims['v'] === 2 ? second(claims) : first(claims)
}

function first({ org_id, org_slug, org_role, org_permissions }: Claims): Identified {
  return organization(org_id, org_slug, textIn(org_role), textsIn(org_permissions))
}

function second({ o, fea }: Claims): Identified {
  const { id, slg, rol, per, fpm } = membersOf(o)
  const role = textIn(rol)
  const permissions = decodePermissions(listIn(fea), listIn(per), listIn(fpm))
  return organization(id, slg, role === undefined ? undefined : `org:${role}`, permissions)
}

function organization(
  claimedId: unknown,
  claimedSlug: unknown,
  role: string | undefined,
  permissions: readonly string[],
): Identified {
  const id = textIn(claimedId)
  const slug = textIn(claimedSlug)
  if (id === undefined) return {}
  const roles = role === undefined ? [] : [role]
  return { organization: { id, ...(slug === undefined ? {} : { slug }), roles, permissions } }
}

/**
 * One number per feature of the organisation: its bits say which of the listed permissions are
 * granted for that feature. The numbers are decimal text and may have more bits than a double.
 *
 * @param features `o:dashboard`, `u:billing`: with the scopes that have them, `o` for organisations
 */
function decodePermissions(
  features: readonly string[],
  permissions: readonly string[],
  masks: readonly string[],
): string[] {
  const ofOrganization = features.flatMap((feature) => {
    const [, name] = /^(?:o|ou|uo):(.*)$/.exec(feature) ?? []
    return name === undefined ? [] : [name]
  })
  return ofOrganization.flatMap((feature, index) => {
    const mask = maskOf(masks[index])
    const granted = permissions.filter((_, bit) => (mask >> BigInt(bit)) & 1n)
    return granted.map((permission) => `org:${feature}:${permission}`)
  })
}

/** Digits only: what cannot be read grants nothing. A token is too short for a dangerous number. */
function maskOf(text = ''): bigint {
  return /^\d{1,1000}$/.test(text) ? BigInt(text) : 0n
}

function listIn(value: unknown): readonly string[] {
  return (
    textIn(value)
      ?.split(',')
      .map((item) => item.trim()) ?? []
  )
}
