import { STATUS_ORDER } from '../store/backend-status.ts'
import type { GateAnswer, Report, Sent } from './gate-client.ts'

const FIRST_RETRY_MS = 200
const LAST_RETRY_MS = 2000
/** The gate says when; these keep a wrong answer from stopping the reports, or from making a loop. */
const MIN_BEAT_MS = 50
const MAX_BEAT_MS = 30_000

/** Tells the gate of one backend, in order, each step until it is kept, and the last one again and again. */
export interface Reporter {
  /** A step that is not later than the one before it is no news. */
  readonly tell: (report: Report) => void
  /** Resolves when the gate knows the end, or wants to hear nothing more. */
  readonly finished: Promise<void>
}

export interface ReporterOptions {
  readonly send: (report: Report) => Promise<Sent>
  /** @param ageMs how long ago the report was sent */
  readonly onAnswer: (answer: GateAnswer, ageMs: number) => void
  readonly onProblem: (problem: string) => void
}

export function startReporter({ send, onAnswer, onProblem }: ReporterOptions): Reporter {
  const queue: Report[] = []
  let newest: Report | undefined
  let wake: (() => void) | undefined

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS
    for (;;) {
      const report = queue[0] ?? newest
      if (report === undefined) {
        await waitAtMost(MAX_BEAT_MS)
        continue
      }
      const sentAt = performance.now()
      const sent = await send(report)
      if (!sent.ok) {
        if (retryMs === FIRST_RETRY_MS) onProblem(sent.problem)
        await waitAtMost(retryMs)
        retryMs = Math.min(retryMs * 2, LAST_RETRY_MS)
        continue
      }
      retryMs = FIRST_RETRY_MS
      if (queue[0] === report) queue.shift()
      onAnswer(sent.answer, performance.now() - sentAt)
      if (report.status === 'terminated' || sent.answer.wanted === 'nothing') return
      if (queue.length > 0) continue
      await waitAtMost(Math.min(Math.max(sent.answer.report_in_ms, MIN_BEAT_MS), MAX_BEAT_MS))
    }
  }

  /** Until there is news, if that comes earlier. */
  function waitAtMost(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    tell(report) {
      if (newest && STATUS_ORDER[report.status] <= STATUS_ORDER[newest.status]) return
      newest = report
      queue.push(report)
      wake?.()
    },
    finished: run(),
  }
}
