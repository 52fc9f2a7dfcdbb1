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
  const error = planeError(document) ?? jamsocketError(document)
  if (error !== undefined) return { ...error, ...more }
  const message = `The answer, with the status ${status}, is none of the control API.`
  return { kind: 'UnexpectedAnswer', message, ...more }
}

function planeError(document: unknown): PorticoError | undefined {
  const { id, kind, message } = membersOf(document)
  return apiError(id, kind, message)
}

/** Jamsocket's API has the same error in an envelope. */
function jamsocketError(document: unknown): PorticoError | undefined {
  const { id, code, message } = membersOf(membersOf(document)['error'])
  return apiError(id, code, message)
}

function apiError(id: unknown, kind: unknown, message: unknown): PorticoError | undefined {
  if (!isApiKind(kind) || typeof id !== 'string' || typeof message !== 'string') return undefined
  return { kind, message, id }
}

function isApiKind(kind: unknown): kind is ApiErrorKind {
  return typeof kind === 'string' && Object.hasOwn(API_KINDS, kind)
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The gate writes seconds; what stands in front of it may write a date, which is left alone. */
function retryAfterOf(headers: Headers): { readonly retryAfterSeconds?: number } {
  const text = headers.get('retry-after') ?? ''
  return /^[0-9]{1,6}$/.test(text) ? { retryAfterSeconds: Number(text) } : {}
}
