import { resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { liveBackend, type BackendLife } from './backend-life.ts'
import { folderOf, forgetLater, isRemembered, readRecords, writeRecord } from './backend-record.ts'
import type { BackendRecord } from './backend-record.ts'
import type { Catalogue } from './catalogue.ts'
import { childEnvironment } from './child-environment.ts'
import type { SendReport } from './gate-client.ts'
import type { Ending, GuardOrder } from './guard-channel.ts'
import type { Ports } from './ports.ts'
import { orderOf, type SpawnOrder } from './spawn-order.ts'

/** How long the end of the last backend may take to be told when the spawner stops. */
const LAST_REPORTS_MS = 5000

export interface SpawnerOptions {
  readonly catalogue: Catalogue
  readonly sendReport: SendReport
  readonly ports: Ports
  readonly maxBackends: number
  readonly orphanLimitMs: number
  readonly unreachableLimitMs: number
  readonly log: (line: string) => void
}

export interface Answer {
  readonly status: number
  /** What is wrong. */
  readonly message?: string
}

export interface Spawner {
  /** Answers a request of the gate, whose signature was verified. */
  readonly answer: (body: string) => Answer
  /** Asks every backend to end; the promise resolves when all have, and the gate was told or is not there. */
  readonly endAll: (ending: Ending) => Promise<void>
}

/** Takes up what an earlier spawner left in the state folder, and then takes orders. */
export function createSpawner(options: SpawnerOptions): Spawner {
  const { catalogue, ports, maxBackends, log } = options
  const lives = new Map<string, BackendLife>()
  const running = new Set<string>()
  let isEnding = false

  function live(record: BackendRecord, orderOn?: (port: number) => GuardOrder): void {
    const { backendId } = record
    const life = liveBackend({ record, orderOn, ports, sendReport: options.sendReport, log })
    lives.set(backendId, life)
    running.add(backendId)
    void life.ended.then(() => running.delete(backendId))
    void life.over.then(() => {
      lives.delete(backendId)
      forgetLater(backendId, Date.now())
      return undefined
    })
  }

  /** Nothing in it waits, so that of two requests for one backend only one starts it. */
  function spawn(order: SpawnOrder): Answer {
    const { backendId, entry } = order
    if (isTaken(backendId)) return { status: 202 }
    if (isEnding) return { status: 503, message: 'the spawner is stopping' }
    if (running.size >= maxBackends) {
      return { status: 503, message: `${maxBackends} backends are running, which is the limit` }
    }
    const record = {
      backendId,
      readyPath: entry.readyPath,
      startBefore: Date.now() + entry.startTimeoutMs,
      isReady: false,
    }
    writeRecord(record)
    log(`${backendId}: starting, its output goes to ${resolve(folderOf(backendId))}`)
    live(record, (port) => guardOrder(order, port))
    return { status: 202 }
  }

  function isTaken(backendId: string): boolean {
    return lives.has(backendId) || isRemembered(backendId)
  }

  function guardOrder(order: SpawnOrder, port: number): GuardOrder {
    const { backendId, entry, staticToken, env: allowed } = order
    return {
      backendId,
      port,
      command: entry.command,
      directory: entry.directory,
      environment: childEnvironment({ backendId, port, staticToken, fixed: entry.env, allowed }),
      stopGraceMs: entry.stopGraceMs,
      lifetimeMs: order.lifetimeMs,
      orphanLimitMs: options.orphanLimitMs,
      unreachableLimitMs: options.unreachableLimitMs,
    }
  }

  // The running ones come last: a port of theirs may have been an ended one's.
  for (const record of readRecords().toSorted(byEnd)) {
    const { backendId, port, endedAt } = record
    if (endedAt === undefined) {
      live(record)
      continue
    }
    if (port !== undefined) ports.release(port, endedAt)
    forgetLater(backendId, endedAt)
  }
  return {
    answer(body) {
      const order = orderOf(body, catalogue)
      if (!order.ok) return { status: 422, message: order.message }
      if (order.value.type === 'spawn') return spawn(order.value)
      const { backendId, kind } = order.value
      if (!isTaken(backendId))
        return { status: 404, message: 'backend_id: there is no such backend' }
      lives.get(backendId)?.end({ kind, reason: 'external' })
      return { status: 202 }
    },
    async endAll(ending) {
      isEnding = true
      const all = [...lives.values()]
      for (const life of all) life.end(ending)
      await Promise.all(all.map((life) => life.ended))
      await Promise.race([Promise.all(all.map((life) => life.over)), wait(LAST_REPORTS_MS)])
    },
  }
}

function byEnd({ endedAt: a = Infinity }: BackendRecord, { endedAt: b = Infinity }: BackendRecord) {
  return a === b ? 0 : a - b
}
