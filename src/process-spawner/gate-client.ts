import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import type { BackendStatus, TerminationReason } from '../store/backend-status.ts'
import { boundedText } from './bounded-text.ts'
import type { Webhooks } from './webhooks.ts'

const TIMEOUT_MS = 5000
const MAX_ANSWER_BYTES = 64 * 1024

/** One step of a backend's life. */
export interface Report {
  readonly status: BackendStatus
  /** With `ready`. */
  readonly origin?: string | undefined
  /** With `terminating` and `hard-terminating`, and with `terminated` where it did not end by itself. */
  readonly reason?: TerminationReason | undefined
  /** With `terminated`, where it is known. */
  readonly exitCode?: number | undefined
}

const gateAnswer = z.object({
  /** What should become of the backend; `nothing`: the gate does not know it, or holds it for ended. */
  wanted: z.enum(['running', 'soft', 'hard', 'nothing']),
  /** When it wants to hear of the backend again. */
  report_in_ms: z.number().nonnegative(),
})

export type GateAnswer = z.output<typeof gateAnswer>

export type Sent =
  | { readonly ok: true; readonly answer: GateAnswer }
  | { readonly ok: false; readonly problem: string }

/** Tells the gate of one backend. */
export type SendReport = (backendId: string, report: Report) => Promise<Sent>

/** @param gate its URL, with the path that it is mounted under */
export function createGateClient(gate: string, webhooks: Webhooks): SendReport {
  const url = `${gate.replace(/\/+$/, '')}/_portico/spawner`
  return async (backendId, report) => {
    const body = JSON.stringify(documentOf(backendId, report))
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: webhooks.sign(randomUUID(), body),
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
      const text = await boundedText(response.body ?? noBody(), MAX_ANSWER_BYTES)
      if (response.status !== 200) return failed(`it answered ${response.status}`)
      const answer = gateAnswer.safeParse(JSON.parse(text ?? ''))
      return answer.success ? { ok: true, answer: answer.data } : failed('its answer is malformed')
    } catch (error) {
      return failed(error instanceof SyntaxError ? 'its answer is malformed' : 'it was not reached')
    }
  }
}

async function* noBody(): AsyncGenerator<Uint8Array> {
  // A status such as 204 has none.
}

function failed(problem: string): Sent {
  return { ok: false, problem }
}

function documentOf(backendId: string, { status, origin, reason, exitCode }: Report): object {
  return {
    type: 'backend.status',
    timestamp: new Date().toISOString(),
    data: {
      backend_id: backendId,
      status,
      ...(origin === undefined ? {} : { address: { origin } }),
      ...(reason === undefined ? {} : { reason }),
      ...(exitCode === undefined ? {} : { exit_code: exitCode }),
    },
  }
}
