import type { BackendStatus } from './backend-status.ts'

/** What a spawner is told when it reports: what is to become of the backend, and when to report next. */
export interface ReportAnswer {
  /** `nothing`: no such backend is wanted, and whatever runs in its name has to go. */
  readonly wanted: 'running' | 'soft' | 'hard' | 'nothing'
  readonly reportInMs: number
}

/** A backend that nobody reported for so long is lost, and its key is free. */
export const LEASE_MS = 60_000

const REPORT_EVERY_MS = 15_000
/** After a deadline, so that what it brings is decided by then. */
const AFTER_DEADLINE_MS = 50

/** @param endsInMs after which time the backend is to end: the spawner asks again as soon as it is over */
export function reportAnswer(status: BackendStatus, endsInMs: number): ReportAnswer {
  const reportInMs = Math.max(0, Math.min(REPORT_EVERY_MS, endsInMs + AFTER_DEADLINE_MS))
  return { wanted: wantedOf(status), reportInMs }
}

export const unwanted: ReportAnswer = { wanted: 'nothing', reportInMs: REPORT_EVERY_MS }

function wantedOf(status: BackendStatus): ReportAnswer['wanted'] {
  if (status === 'terminated') return 'nothing'
  if (status === 'hard-terminating') return 'hard'
  return status === 'terminating' ? 'soft' : 'running'
}
