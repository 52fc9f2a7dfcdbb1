import { logFailure } from '../refusal/log-failure.ts'
import type { Refusal, Result } from '../refusal/refusal.ts'

/** The last line: whatever is thrown here is a bug, and a bug refuses. */
export async function safely<T>(handle: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await handle()
  } catch (error) {
    return { ok: false, refusal: afterBug(error) }
  }
}

export function afterBug(error: unknown): Refusal {
  logFailure('something in the gate threw', error)
  return { code: 'gate_failed', detail: 'the gate failed' }
}
