import type { ApiErrorKind } from '../control/api-error.ts'

/** What the control API says, and what can go wrong on the way to it. */
export type PorticoErrorKind = ApiErrorKind | 'Unreachable' | 'Timeout' | 'UnexpectedAnswer'

export interface PorticoError {
  readonly kind: PorticoErrorKind
  /** For your log: it holds neither the control key nor a token. */
  readonly message: string
  /** Of the gate's own errors: it stands in the log of the gate too. */
  readonly id?: string
  /** The HTTP status, where there was an answer. */
  readonly status?: number
  /** When to ask again, where the answer said it. */
  readonly retryAfterSeconds?: number
}

export type Answer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: PorticoError }

/** By name, and exhaustive by type: the list that the gate has would bring its schemas along. */
const API_KINDS: Readonly<Record<ApiErrorKind, true>> = {
  InvalidRequest: true,
  Unauthorized: true,
  Forbidden: true,
  NotFound: true,
  KeyUnheldNoSpawnConfig: true,
  KeyHeld: true,
  FailedToAcquireKey: true,
  KeyHeldUnhealthy: true,
  Other: true,
  StoreUnavailable: true,
  SpawnerUnavailable: true,
}

export function failed(
  kind: PorticoErrorKind,
  message: string,
  more: Omit<PorticoError, 'kind' | 'message'> = {},
): { readonly ok: false; readonly error: PorticoError } {
  return { ok: false, error: { kind, message, ...more } }
}

/** What an answer other than 200 says. */
export function errorOf(response: Response, document: unknown): PorticoError {
  const { status } = response
  const more = { status, ...retryAfterOf(response.headers) }
  if (isApiError(document)) {
    const { id, kind, message } = document
    return { kind, message, id, ...more }
  }
  const message = `The answer, with the status ${status}, is none of the control API.`
  return { kind: 'UnexpectedAnswer', message, ...more }
}

function isApiError(
  document: unknown,
): document is { readonly id: string; readonly kind: ApiErrorKind; readonly message: string } {
  if (typeof document !== 'object' || document === null) return false
  const { id, kind, message } = document as Readonly<Record<string, unknown>>
  const isKnown = typeof kind === 'string' && Object.hasOwn(API_KINDS, kind)
  return isKnown && typeof id === 'string' && typeof message === 'string'
}

/** The gate writes seconds; what stands in front of it may write a date, which is left alone. */
function retryAfterOf(headers: Headers): { readonly retryAfterSeconds?: number } {
  const text = headers.get('retry-after') ?? ''
  return /^[0-9]{1,6}$/.test(text) ? { retryAfterSeconds: Number(text) } : {}
}
