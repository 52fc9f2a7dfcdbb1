import type { Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { TerminationKind, TerminationReason } from '../store/backend-status.ts'

/** What a guard is to run, and for how long. It goes from process to process, never to a disk. */
export interface GuardOrder {
  readonly backendId: string
  readonly port: number
  readonly command: readonly [string, ...string[]]
  readonly directory: string
  readonly environment: Readonly<Record<string, string>>
  readonly stopGraceMs: number
  readonly lifetimeMs: number | undefined
  /** How long the child may run without a spawner. */
  readonly orphanLimitMs: number
  /** How long the child may run after the last report that the gate kept. */
  readonly unreachableLimitMs: number
}

export interface Ending {
  readonly kind: TerminationKind
  readonly reason: TerminationReason
}

/** What a spawner tells a guard. */
export type GuardCommand =
  | { readonly type: 'end'; readonly ending: Ending }
  | { readonly type: 'kept'; readonly ageMs: number }

/** What a guard tells each spawner that connects, and once more when it changes. */
export interface GuardNews {
  readonly ending: Ending
}

/** How a backend's process ended. */
export interface ProcessEnd {
  /** `undefined` when no process was started, or nobody saw it end. */
  readonly exitCode?: number | undefined
  /** Why it was ended, or could not be started; `undefined` when it ended by itself. */
  readonly reason?: TerminationReason | undefined
}

/**
 * The files of one backend's folder. The guard's working directory is that folder, because the path of a
 * Unix socket holds about a hundred bytes.
 */
export const GUARD_FILES = {
  socket: 'guard.sock',
  /** Whoever creates it decides whether the child is started: its guard, or a later spawner that says no. */
  claim: 'guard.json',
  /** ProcessIdentity of the child. */
  child: 'child.json',
  /** ProcessEnd. */
  end: 'end.json',
  output: 'output.log',
} as const

/** What the guard says to the spawner that started it, once it listens and its child runs or has failed. */
export const GUARD_SERVES = 'serves'

export function sendLine(socket: Socket, message: GuardCommand | GuardNews): void {
  socket.write(`${JSON.stringify(message)}\n`)
}

/** Hands on each message. Both ends are this program, started by the same user. */
export function onLine(socket: Socket, handle: (message: unknown) => void): void {
  const lines = createInterface({ input: socket })
  // It tells of the socket's errors too. What follows from them is told by `close`.
  for (const source of [socket, lines]) source.on('error', () => socket.destroy())
  lines.on('line', (line) => {
    const message = parse(line)
    if (message !== undefined) handle(message)
  })
}

/** The last line of a process that was killed may be half a line. */
function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}
