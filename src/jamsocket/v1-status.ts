import type { isoStatusDocumentOf } from '../control/status-document.ts'
import { phaseOf, type BackendStatus } from '../store/backend-status.ts'

type StatusDocument = ReturnType<typeof isoStatusDocumentOf>

/** The statuses of v1, as its clients compare them. */
export type V1State =
  | 'Loading'
  | 'Starting'
  | 'Ready'
  | 'Terminated'
  | 'Swept'
  | 'Exited'
  | 'Failed'
  | 'ErrorLoading'
  | 'ErrorStarting'
  | 'TimedOutBeforeReady'
  | 'Lost'

/** `null` would be refused, so nothing here is ever unknown. */
export interface V1StatusDocument {
  readonly state: V1State
  readonly time: string
  readonly backend: string
}

/**
 * Follows the statuses of one backend from its first: v1 tells an end by what was before it.
 *
 * @returns each in v1's form; `undefined` for one that v1 has the same name for as for the one before
 */
export function v1Statuses(
  backend: string,
): (document: StatusDocument) => V1StatusDocument | undefined {
  let alive: BackendStatus = 'scheduled'
  let told: V1State | undefined
  return (document) => {
    if (phaseOf(document.status) !== 'ending') alive = document.status
    const state = document.status === 'terminated' ? endOf(document, alive) : v1StateOf(alive)
    if (state === told) return undefined
    told = state
    return { state, time: document.time, backend }
  }
}

/** What v1 calls a backend that has not ended: while it is ending, what it was before. */
export function v1StateOf(alive: BackendStatus): V1State {
  if (alive === 'scheduled' || alive === 'loading') return 'Loading'
  return alive === 'starting' || alive === 'waiting' ? 'Starting' : 'Ready'
}

function endOf(
  { termination_reason: reason, exit_error: hasFailed }: StatusDocument,
  alive: BackendStatus,
): V1State {
  if (reason === 'external') return 'Terminated'
  if (reason === 'swept' || reason === 'keyexpired') return 'Swept'
  if (reason === 'lost') return 'Lost'
  const state = v1StateOf(alive)
  if (state === 'Loading') return 'ErrorLoading'
  if (alive === 'waiting' && reason === 'startuptimeout') return 'TimedOutBeforeReady'
  if (state === 'Starting') return 'ErrorStarting'
  if (hasFailed === undefined) return 'Terminated'
  return hasFailed ? 'Failed' : 'Exited'
}

/** A stream of statuses in v1's form. Of its chunks each is one event, or an empty line. */
export function v1Stream(stream: ReadableStream<Uint8Array>, backend: string): ReadableStream {
  const v1Of = v1Statuses(backend)
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  return stream.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        const [, json] = /^data: (.*)\n\n$/.exec(decoder.decode(chunk)) ?? []
        if (json === undefined) return controller.enqueue(chunk)
        const told = v1Of(JSON.parse(json) as StatusDocument)
        if (told === undefined) return
        controller.enqueue(encoder.encode(`data: ${JSON.stringify(told)}\n\n`))
      },
    }),
  )
}
