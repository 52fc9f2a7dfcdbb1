import { logFailure } from '../refusal/log-failure.ts'
import { refuse, type Result } from '../refusal/refusal.ts'

/** The last line: whatever is thrown here is a bug, and a bug refuses. */
export async function safely<T>(handle: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await handle()
  } catch (error) {
    logFailure('something in the gate threw', error)
    return refuse('gate_failed', 'the gate failed')
  }
}
