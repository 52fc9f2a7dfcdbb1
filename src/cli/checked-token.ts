import type { Result } from '../refusal/refusal.ts'
import { misuse, type Failure } from './shell.ts'

/** What a token says that was found good. */
export interface CheckedToken {
  /** ISO 8601; null for one that does not expire. */
  readonly expires_at: string | null
  readonly issuer?: string
  readonly subject?: string
  readonly token_id?: string
  readonly claims?: object
}

/** It was called wrongly, so that nothing is known of the token. */
export interface NotChecked {
  readonly ok: false
  readonly failure: Failure
}

export type Checked = Result<CheckedToken> | NotChecked

export function notChecked(message: string, advice?: string): NotChecked {
  return { ok: false, failure: misuse(message, advice) }
}

/** @param seconds since the epoch */
export function isoTime(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
