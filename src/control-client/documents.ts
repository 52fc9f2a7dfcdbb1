import type { z } from 'zod'
import type { connectResponse } from '../control/connect-answer.ts'
import type { connectRequest } from '../control/connect-request.ts'
import type { backendList, tokenList } from '../control/list-documents.ts'
import type { revokeRequest, revokeResponse } from '../control/revoke-request.ts'
import type { statusDocument } from '../control/status-document.ts'
import type { spawnRequest } from '../jamsocket/spawn-request.ts'
import type { V1State } from '../jamsocket/v1-status.ts'

// Names as they stand on the wire, so that what is written about Plane holds here too.
export type ConnectRequest = z.input<typeof connectRequest>
export type ConnectAnswer = z.output<typeof connectResponse>
export type RevokeRequest = z.input<typeof revokeRequest>
export type RevokeAnswer = z.output<typeof revokeResponse>
export type Status = z.output<typeof statusDocument>
export type ListedBackend = z.output<typeof backendList>['backends'][number]
export type ListedToken = z.output<typeof tokenList>['tokens'][number]

export type SpawnRequest = z.input<typeof spawnRequest>

export interface SpawnAnswer {
  /** The backend's own place; ends with a slash. */
  readonly url: string
  /** Id of the backend. */
  readonly name: string
  readonly status: V1State
  readonly status_url: string
  /** Where a browser may go at once. */
  readonly ready_url: string
  /** Whether this call made the backend. */
  readonly spawned: boolean
  readonly bearer_token?: string
}

/** Whether a document is what was asked for. */
export type Check<T> = (document: unknown) => document is T

/** Enough to tell an answer of the API from the page of something else; no schema comes along. */
function holding<T>(
  members: Readonly<Partial<Record<keyof T & string, 'string' | 'number' | 'boolean'>>>,
): Check<T> {
  const expected = Object.entries(members)
  return (document): document is T => {
    if (typeof document !== 'object' || document === null) return false
    const given = document as Readonly<Record<string, unknown>>
    return expected.every(([name, type]) => typeof given[name] === type)
  }
}

export const isConnectAnswer = holding<ConnectAnswer>({
  backend_id: 'string',
  spawned: 'boolean',
  status: 'string',
  token: 'string',
  url: 'string',
  status_url: 'string',
  token_id: 'string',
})

const isSpawned = holding<SpawnAnswer>({
  url: 'string',
  name: 'string',
  status: 'string',
  status_url: 'string',
  spawned: 'boolean',
})

/** Where a token was asked for, an answer without one is a backend that anybody may enter. */
export function isSpawnAnswer({ require_bearer_token }: SpawnRequest): Check<SpawnAnswer> {
  const isGuarded = holding<SpawnAnswer>({ bearer_token: 'string' })
  return (document): document is SpawnAnswer =>
    isSpawned(document) && (require_bearer_token !== true || isGuarded(document))
}

export const isRevokeAnswer = holding<RevokeAnswer>({
  tokens_revoked: 'number',
  leases_closed: 'number',
  rooms_reached: 'number',
  within_seconds: 'number',
})

export const isStatus = holding<Status>({ status: 'string', time: 'number' })
export const isListedBackend = holding<ListedBackend>({ backend_id: 'string', namespace: 'string' })
export const isListedToken = holding<ListedToken>({ token_id: 'string', is_static: 'boolean' })

export function isNull(document: unknown): document is null {
  return document === null
}
