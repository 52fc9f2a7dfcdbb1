import { z } from 'zod'
import type { ControlFailureKind } from '../connection/connections.ts'

/** `Other` is Plane's name for what nobody can do anything about. */
export type ApiErrorKind = ControlFailureKind | 'Unauthorized' | 'Forbidden' | 'Other'

export interface ApiFailure {
  readonly kind: ApiErrorKind
  /** Goes to the caller: it holds no secret and no value that the caller sent. */
  readonly message: string
  /** Where the kind alone does not say it. */
  readonly status?: number
}

export type Read<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: ApiFailure }

export const errorStatuses = {
  InvalidRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  KeyUnheldNoSpawnConfig: 409,
  KeyHeld: 409,
  FailedToAcquireKey: 500,
  KeyHeldUnhealthy: 500,
  Other: 500,
  StoreUnavailable: 503,
  SpawnerUnavailable: 503,
} as const satisfies Record<ApiErrorKind, number>

export const apiError = z.object({
  id: z.string().describe('also in the log of the gate'),
  kind: z.enum(Object.keys(errorStatuses) as [ApiErrorKind]),
  message: z.string(),
})

const RETRY_AFTER_SECONDS = 5

/** Plane's form of an error. The id is all that a log and an answer have in common. */
export function errorResponse(
  { kind, message, status = errorStatuses[kind] }: ApiFailure,
  extra: Readonly<Record<string, string>> = {},
): Response {
  const id = randomId()
  console.error(`portico: control error ${id} ${kind}`)
  const headers = new Headers({ 'cache-control': 'no-store', ...extra })
  if (status === 503) headers.set('retry-after', String(RETRY_AFTER_SECONDS))
  return Response.json({ id, kind, message }, { status, headers })
}

export const noSuchBackend: ApiFailure = { kind: 'NotFound', message: 'Backend does not exist' }

const ID_CHARACTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Fourteen characters, as all of Plane's ids. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(14))
  return Array.from(bytes, (byte) => ID_CHARACTERS[byte % ID_CHARACTERS.length]).join('')
}
