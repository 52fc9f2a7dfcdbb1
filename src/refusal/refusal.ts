/** What a client should do about a refusal. */
type RetryClass = 'stop' | 'sign_in' | 'refresh' | 'back_off'

interface RefusalRule {
  readonly status: number
  /** WebSocket close code. 3000 is registered as "unauthorized"; PartySocket-like clients come back after it. */
  readonly close: number
  readonly retry: RetryClass
}

/** The one map from a reason to what the outside sees. A new reason does not compile without its row. */
export const refusalRules = {
  credential_missing: { status: 401, close: 4401, retry: 'sign_in' },
  credential_ambiguous: { status: 401, close: 4401, retry: 'sign_in' },
  token_malformed: { status: 401, close: 4401, retry: 'sign_in' },
  token_invalid: { status: 401, close: 4401, retry: 'sign_in' },
  token_expired: { status: 401, close: 3000, retry: 'refresh' },
  token_revoked: { status: 401, close: 4401, retry: 'sign_in' },
  hook_refused: { status: 403, close: 4403, retry: 'stop' },
  forbidden: { status: 403, close: 4403, retry: 'stop' },
  origin_refused: { status: 403, close: 4403, retry: 'stop' },
  route_unknown: { status: 404, close: 4404, retry: 'stop' },
  backend_gone: { status: 410, close: 4410, retry: 'stop' },
  rate_limited: { status: 429, close: 4429, retry: 'back_off' },
  request_malformed: { status: 400, close: 4400, retry: 'stop' },
  verifier_unavailable: { status: 503, close: 1013, retry: 'back_off' },
  store_unavailable: { status: 503, close: 1013, retry: 'back_off' },
  backend_unavailable: { status: 502, close: 1013, retry: 'back_off' },
  hook_failed: { status: 500, close: 1013, retry: 'back_off' },
  gate_misconfigured: { status: 500, close: 1013, retry: 'back_off' },
  gate_failed: { status: 500, close: 1013, retry: 'back_off' },
} as const satisfies Record<string, RefusalRule>

export type RefusalCode = keyof typeof refusalRules

/** An expected "no". `detail` goes to the caller: it never holds a token, a secret or an expected value. */
export interface Refusal {
  readonly code: RefusalCode
  readonly detail: string
}

export type Result<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal }

export function ok<T>(value: T): Result<T> {
  return { ok: true, value }
}

export function refuse(code: RefusalCode, detail: string): { ok: false; refusal: Refusal } {
  return { ok: false, refusal: { code, detail } }
}
