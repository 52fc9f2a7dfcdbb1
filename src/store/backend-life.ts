import {
  phaseOf,
  type BackendStatus,
  type StatusEntry,
  type TerminationKind,
  type TerminationReason,
} from './backend-status.ts'
import { addStatus, lastStatus, statusesAfter } from './status-history.ts'
import { StatusWatchers } from './status-watchers.ts'

/** What became of a backend so far, and those who wait to hear of what comes. */
export class BackendLife {
  readonly #sql: SqlStorage
  readonly #watchers = new StatusWatchers()

  /** @param sql of an object that has the tables of a `Backend` */
  constructor(sql: SqlStorage) {
    this.#sql = sql
  }

  status(): BackendStatus | undefined {
    return lastStatus(this.#sql)?.status
  }

  phase(): ReturnType<typeof phaseOf> {
    return phaseOf(this.status() ?? 'terminated')
  }

  /** Whether a spawner has ever told that it is starting, or runs. */
  wasReported(): boolean {
    return this.statuses('scheduled').some(({ status }) => phaseOf(status) !== 'ending')
  }

  statuses(after: BackendStatus | undefined): StatusEntry[] {
    return statusesAfter(this.#sql, after)
  }

  /** @returns `false` for a step that comes too late */
  add(entry: StatusEntry): boolean {
    const isEnd = entry.status === 'terminated'
    // What nobody saw fail has not failed, as Plane tells it.
    const whole = isEnd ? { exitError: false, ...entry, ...this.#termination() } : entry
    const isLater = addStatus(this.#sql, whole)
    if (isLater) this.#watchers.tell(whole)
    return isLater
  }

  /** Why it is ending, which is why it will have ended. */
  #termination(): Pick<StatusEntry, 'terminationKind' | 'terminationReason'> {
    const { terminationKind, terminationReason } = lastStatus(this.#sql) ?? {}
    return {
      ...(terminationKind !== undefined && { terminationKind }),
      ...(terminationReason !== undefined && { terminationReason }),
    }
  }

  /** What exists already has nothing to load, and still goes the way that watchers expect. */
  beginReady(time: number): void {
    for (const status of ['scheduled', 'loading', 'starting', 'waiting', 'ready'] as const) {
      this.add({ status, time })
    }
  }

  /** From now on it takes no requests. What runs it says when it has ended. */
  terminate(terminationKind: TerminationKind, terminationReason: TerminationReason): void {
    const status = terminationKind === 'soft' ? 'terminating' : 'hard-terminating'
    this.add({ status, time: Date.now(), terminationKind, terminationReason })
  }

  /** The same for what nothing runs, or nothing any more. */
  end(terminationKind: TerminationKind, terminationReason: TerminationReason): void {
    this.terminate(terminationKind, terminationReason)
    this.add({ status: 'terminated', time: Date.now(), terminationKind, terminationReason })
  }

  /** Waits for a status. @returns what it is in the end */
  until(isWanted: (status: BackendStatus | undefined) => boolean, waitMs: number) {
    return this.#watchers.until(() => this.status(), isWanted, waitMs)
  }

  /** The history after a status and then what comes, a JSON line each; ends after `terminated`. */
  stream(after: BackendStatus | undefined): ReadableStream<Uint8Array> {
    return this.#watchers.stream(this.statuses(after), this.status() === 'terminated')
  }
}
