import type { BackendAddress, BackendPlan } from './backend-plan.ts'
import type { BackendRow } from './backend-row.ts'
import type { TokenRow } from './token-rows.ts'

export type AdmissionRefusal =
  | 'unknown'
  /** It has to be shown a token. */
  | 'closed'
  | 'expired'
  | 'revoked'
  | 'used_up'
  | 'ending'
  | 'not_ready'
  | 'origin'
  | 'method'
  | 'path'
  | 'host'

export type AdmissionAnswer =
  | {
      readonly kind: 'admitted'
      readonly plan: Pick<BackendPlan, 'id' | 'cluster' | 'subdomain' | 'maxIdleSeconds'>
      readonly address: BackendAddress
      /** Whether a connect call named the address; a spawner told it otherwise. */
      readonly isNamed: boolean
      /** When its lifetime ends, in milliseconds since the epoch. */
      readonly livesUntil: number | undefined
      /** `undefined` where anyone may go. */
      readonly token: Omit<TokenRow, 'idHash'> | undefined
    }
  | { readonly kind: AdmissionRefusal; readonly backendId: string | undefined }

/** Why a token opens nothing any more, whatever the request. */
export function refusalOf(token: TokenRow): 'revoked' | 'expired' | 'used_up' | undefined {
  if (token.revokedAt !== undefined) return 'revoked'
  if (token.expiresAt !== undefined && token.expiresAt * 1000 <= Date.now()) return 'expired'
  return token.usesLeft === 0 ? 'used_up' : undefined
}

/** A backend's host is its cluster, or its own part of it; without a cluster it has no host of its own. */
export function isAtHost(
  { cluster, subdomain }: Pick<BackendPlan, 'cluster' | 'subdomain'>,
  host: string,
): boolean {
  if (cluster === undefined) return subdomain === undefined || host.startsWith(`${subdomain}.`)
  const wanted = cluster.replace(/:443$/, '')
  const actual = host.replace(/:443$/, '')
  if (subdomain !== undefined) return actual === `${subdomain}.${wanted}`
  return actual === wanted || actual.endsWith(`.${wanted}`)
}

/** What the gate may know of a backend and a token that it lets in. */
export function admittedOf(
  { plan, createdAt }: BackendRow,
  address: BackendAddress,
  token: TokenRow | undefined,
): Extract<AdmissionAnswer, { kind: 'admitted' }> {
  const { id, cluster, subdomain, lifetimeLimitSeconds, maxIdleSeconds } = plan
  return {
    kind: 'admitted',
    plan: { id, cluster, subdomain, maxIdleSeconds },
    address,
    isNamed: plan.address !== undefined,
    livesUntil: lifetimeLimitSeconds && createdAt + lifetimeLimitSeconds * 1000,
    token: token && withoutHash(token),
  }
}

function withoutHash(token: TokenRow): Omit<TokenRow, 'idHash'> {
  const { idHash: _, ...rest } = token
  return rest
}
