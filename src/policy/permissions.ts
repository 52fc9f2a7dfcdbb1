import type { Claims, Identity } from '../identity/identity.ts'
import { OPERATIONS, type Operation } from '../identity/operation.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Destination } from '../route/destination.ts'
import { checkGrants, grantedBy, isRecord, resourceOf, type Grants } from './grants.ts'

/**
 * Who may do what. Every grant that fits counts, none takes another one's away, and what nothing
 * grants is refused.
 */
export interface PermissionOptions {
  /**
   * The claim in which the issuer grants: an object from patterns to lists of operations, or names
   * that `named` explains, as a list (`permissions`) or with spaces between them (`scope`).
   */
  readonly claim?: string
  /** What a role grants, by its name: of the caller, or in the caller's organisation. */
  readonly roles?: Readonly<Record<string, Grants>>
  /** What an issuer's permission grants, by its name: in the claim, or in the organisation. */
  readonly named?: Readonly<Record<string, Grants>>
  /** What every verified caller may do. */
  readonly everyone?: Grants
}

/** The checked policy: what a caller may do at a destination. */
export type Policy = (identity: Identity<unknown>, destination: Destination) => readonly Operation[]

/** @throws ConfigurationError that names the option which is wrong */
export function checkPermissions(options: PermissionOptions): Policy {
  const { claim } = options
  if (claim !== undefined && (typeof claim !== 'string' || claim === '')) {
    throw new ConfigurationError('permissions.claim: expected the name of a claim')
  }
  const everyone = checkGrants('permissions.everyone', options.everyone ?? {})
  const byRole = checkByName('permissions.roles', options.roles ?? {})
  const byName = checkByName('permissions.named', options.named ?? {})
  const grantsNothing = [everyone, options.roles, options.named].every(isEmpty)
  if (claim === undefined && grantsNothing) {
    throw new ConfigurationError('permissions: it grants nothing to anybody')
  }
  return (identity, destination) => {
    const { roles = [], organization } = identity
    const claimed = claim === undefined ? undefined : (identity.claims as Claims)[claim]
    const granting = [
      everyone,
      claimed,
      ...[...roles, ...(organization?.roles ?? [])].map((role) => byRole.get(role)),
      ...[...namesIn(claimed), ...(organization?.permissions ?? [])].map((name) =>
        byName.get(name),
      ),
    ]
    const resource = resourceOf(destination)
    const granted = new Set(granting.flatMap((grants) => grantedBy(grants, resource)))
    // Frozen, because hooks get this list before it becomes a header.
    return Object.freeze(OPERATIONS.filter((operation) => granted.has(operation)))
  }
}

/** What a caller must be allowed for a request. */
export function neededFor(method: string, isUpgrade: boolean): Operation {
  if (isUpgrade) return 'connect'
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS' ? 'read' : 'write'
}

/** A map, because `constructor` is no role. */
function checkByName(option: string, byName: unknown): ReadonlyMap<unknown, Grants> {
  if (!isRecord(byName)) throw new ConfigurationError(`${option}: expected grants by name`)
  return new Map(
    Object.entries(byName).map(([name, grants]) => [
      name,
      checkGrants(`${option}.${name}`, grants),
    ]),
  )
}

function isEmpty(record: object = {}): boolean {
  return Object.keys(record).length === 0
}

function namesIn(claimed: unknown): readonly unknown[] {
  if (typeof claimed === 'string') return claimed.split(' ')
  return Array.isArray(claimed) ? claimed : []
}
