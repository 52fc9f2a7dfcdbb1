import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { setTimeout as wait } from 'node:timers/promises'
import { boundedLog } from './bounded-log.ts'
import { GUARD_FILES, type GuardOrder, type ProcessEnd } from './guard-channel.ts'
import { signalGroup } from './process-table.ts'

const MAX_OUTPUT_BYTES = 1024 * 1024
/** Output that is still on its way when the child has ended. */
const LAST_OUTPUT_MS = 1000
const GROUP_CHECK_MS = 50

export interface GuardedChild {
  /** Also the id of its process group; `undefined`: it could not be started. */
  readonly pid: number | undefined
  readonly ended: Promise<ProcessEnd>
  /** Resolves when nothing that it started runs any more, or the time is over, or `isHurried`. */
  readonly groupEnded: (graceMs: number, isHurried: () => boolean) => Promise<void>
  /** Resolves when nobody writes to its log any more, or soon. */
  readonly outputEnded: () => Promise<unknown>
}

/** Starts a backend's process, with its output going to the log of this folder. */
export function startChild(order: GuardOrder): GuardedChild {
  const child = trySpawn(order)
  if (child === undefined) {
    return {
      pid: undefined,
      ended: Promise.resolve({ reason: 'internalerror' }),
      groupEnded: () => Promise.resolve(),
      outputEnded: () => Promise.resolve(),
    }
  }
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null)
  const log = boundedLog(GUARD_FILES.output, MAX_OUTPUT_BYTES)
  for (const stream of streams) stream.on('data', log)
  return {
    pid: child.pid,
    ended: endOf(child),
    async groupEnded(graceMs, isHurried) {
      const until = performance.now() + graceMs
      while (child.pid !== undefined && signalGroup(child.pid, 0)) {
        if (isHurried() || performance.now() >= until) return
        await wait(GROUP_CHECK_MS)
      }
    },
    outputEnded() {
      const open = streams.filter((stream) => !stream.closed)
      const closed = Promise.all(open.map((stream) => once(stream, 'close')))
      return Promise.race([closed, wait(LAST_OUTPUT_MS)])
    },
  }
}

/** Node throws some failures (too large an environment) and tells others by an event (no such file). */
function trySpawn({ command, directory, environment }: GuardOrder): ChildProcess | undefined {
  const [file, ...args] = command
  try {
    return spawn(file, args, {
      cwd: directory,
      // Node hands this variable on by itself unless the environment has it.
      env: { NODE_V8_COVERAGE: undefined, ...environment },
      // A process group of its own: what it starts is ended with it, and its guard is not.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch {
    return undefined
  }
}

/** The code is as shells tell it: 128 and the number of the signal, where one ended it. */
function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => {
      resolve({ exitCode: code ?? (signal === null ? undefined : 128 + constants.signals[signal]) })
    })
    child.on('error', () => {
      if (child.pid === undefined) resolve({ reason: 'internalerror' })
    })
  })
}
