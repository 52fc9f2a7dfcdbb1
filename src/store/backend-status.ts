/** Where a backend stands in its life, in this order; a status is only ever followed by a later one. */
export const STATUS_ORDER = {
  scheduled: 10,
  loading: 20,
  starting: 30,
  waiting: 40,
  ready: 50,
  terminating: 60,
  'hard-terminating': 65,
  terminated: 70,
} as const

export type BackendStatus = keyof typeof STATUS_ORDER

export const TERMINATION_KINDS = ['soft', 'hard'] as const
export type TerminationKind = (typeof TERMINATION_KINDS)[number]

export const TERMINATION_REASONS = [
  'swept',
  'external',
  'keyexpired',
  'lost',
  'startuptimeout',
  'internalerror',
] as const
export type TerminationReason = (typeof TERMINATION_REASONS)[number]

/** One step of a backend's life. */
export interface StatusEntry {
  readonly status: BackendStatus
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly terminationReason?: TerminationReason
  readonly terminationKind?: TerminationKind
  /** Of `terminated` only: whether a process is known to have ended with another code than 0. */
  readonly exitError?: boolean
}

export function isStatus(text: string): text is BackendStatus {
  return Object.hasOwn(STATUS_ORDER, text)
}

/** Whether a backend with this status takes requests, will take some, or never again. */
export function phaseOf(status: BackendStatus): 'starting' | 'ready' | 'ending' {
  if (status === 'ready') return 'ready'
  return STATUS_ORDER[status] < STATUS_ORDER.ready ? 'starting' : 'ending'
}
