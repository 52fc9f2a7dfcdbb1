import { OPERATIONS, type Operation } from '../identity/operation.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Destination } from '../route/destination.ts'
import { matchesGlob } from './glob.ts'

/** Patterns such as `docs:*` (party and room) or `backends:notebooks`, and what they allow. */
export type Grants = Readonly<Record<string, readonly Operation[]>>

/** The first part of the patterns for backends; no party can have this name where a policy is. */
export const BACKENDS = 'backends'

const EVERYTHING = '*'

/** A destination in the form that patterns have. */
interface Resource {
  readonly place: string
  readonly name: string
}

export function resourceOf(destination: Destination): Resource {
  return destination.kind === 'backend'
    ? { place: BACKENDS, name: written(destination.backend) }
    : { place: written(destination.party).replaceAll(':', '%3A'), name: written(destination.room) }
}

/** A `*` in a name is not the `*` of patterns. The percent sign, so that no two names become one. */
function written(name: string): string {
  return name.replaceAll('%', '%25').replaceAll('*', '%2A')
}

/**
 * What grants allow at a resource. They may come from a token: what has not their form grants
 * nothing.
 */
export function grantedBy(grants: unknown, resource: Resource): readonly unknown[] {
  if (!isRecord(grants)) return []
  return Object.entries(grants).flatMap(([pattern, operations]) =>
    Array.isArray(operations) && matches(pattern, resource) ? (operations as unknown[]) : [],
  )
}

/**
 * Both sides of the first colon on their own: with `*:lobby` for any party's lobby, nobody gets
 * into another room by naming it `x:lobby`.
 */
function matches(pattern: string, { place, name }: Resource): boolean {
  if (pattern === EVERYTHING) return true
  const colon = pattern.indexOf(':')
  if (colon === -1) return false
  return matchesGlob(pattern.slice(0, colon), place) && matchesGlob(pattern.slice(colon + 1), name)
}

/** @throws ConfigurationError that names the pattern which is wrong */
export function checkGrants(option: string, grants: unknown): Grants {
  if (!isRecord(grants)) {
    throw new ConfigurationError(`${option}: expected patterns with their lists of operations`)
  }
  for (const [pattern, operations] of Object.entries(grants)) {
    if (pattern !== EVERYTHING && !pattern.includes(':')) {
      throw new ConfigurationError(
        `${option}.${pattern}: expected party:room, ${BACKENDS}:name or ${EVERYTHING}`,
      )
    }
    const isList = Array.isArray(operations) && operations.length > 0
    if (!isList || !operations.every((operation) => OPERATIONS.includes(operation as Operation))) {
      throw new ConfigurationError(
        `${option}.${pattern}: expected a list of ${OPERATIONS.join(', ')}`,
      )
    }
  }
  return grants as Grants
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
