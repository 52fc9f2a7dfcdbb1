import { join } from 'node:path'
import { logFailure } from '../refusal/log-failure.ts'
import { folderOf, writeRecord, type BackendRecord } from './backend-record.ts'
import { readJson } from './durable-file.ts'
import type { GateAnswer, SendReport } from './gate-client.ts'
import { GUARD_FILES, type Ending, type GuardOrder, type ProcessEnd } from './guard-channel.ts'
import { findGuard, startGuard, type Guard } from './guard-client.ts'
import type { Ports } from './ports.ts'
import { isRunning, killStrays, signalGroup, type ProcessIdentity } from './process-table.ts'
import { becomesReady } from './readiness.ts'
import { startReporter } from './reporter.ts'

/** A backend from its start, or from the start of this spawner, until the gate knows of its end. */
export interface BackendLife {
  readonly end: (ending: Ending) => void
  /** Resolves when its process has ended. */
  readonly ended: Promise<void>
  /** Resolves when nothing is left to tell. */
  readonly over: Promise<void>
}

export interface BackendLifeOptions {
  readonly record: BackendRecord
  /** How to start it, once its port is known; `undefined`: an earlier spawner did. */
  readonly orderOn: ((port: number) => GuardOrder) | undefined
  readonly ports: Ports
  readonly sendReport: SendReport
  /** Prints a line, which holds no secret. */
  readonly log: (line: string) => void
}

export function liveBackend(options: BackendLifeOptions): BackendLife {
  const { record, orderOn, ports, sendReport, log } = options
  const { backendId, readyPath, startBefore } = record
  const folder = folderOf(backendId)
  const stopsProbing = new AbortController()
  let known = record
  let guard: Guard | undefined
  /** What was asked for while there was no guard to do it. */
  let wish: Ending | undefined
  const { promise: isWanted, resolve: decide } = Promise.withResolvers<boolean>()

  const reporter = startReporter({
    send: (report) => sendReport(backendId, report),
    onAnswer: follow,
    onProblem: (problem) => log(`${backendId}: the gate kept no report: ${problem}`),
  })

  function follow({ wanted }: GateAnswer, ageMs: number): void {
    guard?.kept(ageMs)
    if (wanted === 'soft' || wanted === 'hard') end({ kind: wanted, reason: 'external' })
    if (wanted === 'nothing') end({ kind: 'hard', reason: 'lost' })
    decide(true)
  }

  function end(ending: Ending): void {
    if (guard === undefined) wish = wish?.kind === 'hard' ? wish : ending
    else guard.end(ending)
    decide(false)
  }

  function onEnding({ kind, reason }: Ending): void {
    stopsProbing.abort()
    reporter.tell({ status: kind === 'soft' ? 'terminating' : 'hard-terminating', reason })
  }

  async function run(): Promise<void> {
    if (orderOn !== undefined) reporter.tell({ status: 'loading' })
    // An order may be old, and its key have gone to another backend since: only the gate knows.
    guard = orderOn === undefined || (await isWanted) ? await reachGuard() : undefined
    if (guard !== undefined) {
      void guard.gone.then(() => stopsProbing.abort())
      if (wish !== undefined) guard.end(wish)
      reporter.tell({ status: 'waiting' })
      await makeReady(guard)
      await guard.gone
    }
    const processEnd = readEnd() ?? killUnguarded()
    log(`${backendId}: ended${describe(processEnd)}`)
    reporter.tell({ status: 'terminated', ...processEnd })
  }

  /** `undefined` when it has gone, or could not be started. */
  async function reachGuard(): Promise<Guard | undefined> {
    try {
      if (orderOn === undefined) {
        if (known.port !== undefined) ports.hold(known.port)
        return await findGuard(folder, onEnding)
      }
      const port = await ports.pick()
      known = { ...known, port }
      writeRecord(known)
      reporter.tell({ status: 'starting' })
      return await startGuard(folder, orderOn(port), onEnding)
    } catch (error) {
      logFailure(`the spawner cannot reach the guard of ${backendId}:`, error)
      return undefined
    }
  }

  async function makeReady(running: Guard): Promise<void> {
    // It was written down before there was a guard.
    const { port = 0, isReady } = known
    const probe = { port, path: readyPath, deadline: startBefore, signal: stopsProbing.signal }
    if (isReady || (await becomesReady(probe))) {
      if (!isReady) log(`${backendId}: ready on port ${port}`)
      remember({ isReady: true })
      reporter.tell({ status: 'ready', origin: `http://127.0.0.1:${port}` })
    } else if (!stopsProbing.signal.aborted) {
      running.end({ kind: 'soft', reason: 'startuptimeout' })
    }
  }

  function readEnd(): ProcessEnd | undefined {
    return readJson(join(folder, GUARD_FILES.end)) as ProcessEnd | undefined
  }

  /** The guard has died, or never started anything. */
  function killUnguarded(): ProcessEnd {
    const child = readJson(join(folder, GUARD_FILES.child)) as ProcessIdentity | undefined
    if (child !== undefined && isRunning(child)) signalGroup(child.pid, 'SIGKILL')
    if (known.port !== undefined) killStrays(backendId, known.port)
    return { reason: wish?.reason ?? 'lost' }
  }

  function remember(change: Partial<BackendRecord>): void {
    known = { ...known, ...change }
    try {
      writeRecord(known)
    } catch (error) {
      // On a full disk this spawner goes on; a later one finds out again.
      logFailure(`the spawner cannot write the record of ${backendId}:`, error)
    }
  }

  const ended = run()
  const over = Promise.all([ended, reporter.finished]).then(() => {
    const endedAt = Date.now()
    // Not earlier: until the gate knows, it lets others in to where this backend was.
    if (known.port !== undefined) ports.release(known.port, endedAt)
    return remember({ endedAt })
  })
  return { end, ended, over }
}

function describe({ exitCode, reason }: ProcessEnd): string {
  const code = exitCode === undefined ? '' : ` with code ${exitCode}`
  return reason === undefined ? code : `${code} (${reason})`
}
