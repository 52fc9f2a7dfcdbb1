import type { Backend } from '../store/backend.ts'
import type { BackendAddress } from '../store/backend-plan.ts'
import type { ReportAnswer } from '../store/backend-report.ts'
import type { StatusEntry, TerminationReason } from '../store/backend-status.ts'
import { backendObjectName } from '../token/connection-token.ts'

/** What a spawner tells of a backend: a step of its life, or the last one again while it lasts. */
export type BackendNews =
  | { readonly status: 'loading' | 'starting' | 'waiting' }
  | { readonly status: 'ready'; readonly address: BackendAddress }
  | {
      readonly status: 'terminating' | 'hard-terminating'
      readonly reason: TerminationReason
    }
  | {
      readonly status: 'terminated'
      readonly reason?: TerminationReason
      /** Of its process, where that is known. */
      readonly exitCode?: number
    }

/**
 * Reports a backend from inside the Worker that has the gate's objects. A spawner elsewhere reports
 * by signed requests instead; docs/spawner.md describes both.
 *
 * @returns what is to become of the backend, and when to report next at the latest
 */
export async function reportBackend(
  backends: DurableObjectNamespace<Backend>,
  backendId: string,
  news: BackendNews,
): Promise<ReportAnswer> {
  const stub = backends.getByName(await backendObjectName(backendId))
  return stub.report(entryOf(news), news.status === 'ready' ? news.address : undefined)
}

/** The step as it is kept. */
export function entryOf(news: BackendNews): StatusEntry {
  const { status } = news
  const told = { status, time: Date.now() }
  if (status === 'terminated') {
    const { reason, exitCode = 0 } = news
    const why = reason === undefined ? {} : { terminationReason: reason }
    return { ...told, exitError: exitCode !== 0, ...why }
  }
  if (status !== 'terminating' && status !== 'hard-terminating') return told
  const terminationKind = status === 'terminating' ? 'soft' : 'hard'
  return { ...told, terminationKind, terminationReason: news.reason }
}
