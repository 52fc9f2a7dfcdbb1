// Runs one backend's process, outlives the spawner, and leaves nothing behind. It is a process of
// its own, because somebody has to end the child when the spawner was killed. Its working directory
// is the backend's folder.
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import process from 'node:process'
import { createJson, writeJson } from './durable-file.ts'
import { GUARD_FILES, GUARD_SERVES, onLine, sendLine } from './guard-channel.ts'
import type { Ending, GuardCommand, GuardOrder } from './guard-channel.ts'
import { startChild } from './guarded-child.ts'
import { identityOf, killStrays, signalGroup } from './process-table.ts'

/** Node's timers count milliseconds in 31 bits. */
const MAX_TIMER_MS = 24 * 3600 * 1000

// Without an order there is nothing to do: the spawner died first.
process.once('disconnect', exitUnordered)
process.once('message', (order: GuardOrder) => {
  process.off('disconnect', exitUnordered)
  void guard(order)
})

function exitUnordered(): void {
  process.exit(1)
}

async function guard(order: GuardOrder): Promise<void> {
  const server = createServer()
  server.listen(GUARD_FILES.socket)
  await once(server, 'listening')

  // A spawner that took over before this line has told the gate that the backend has ended.
  const self = identityOf(process.pid)
  if (self === undefined || !createJson(GUARD_FILES.claim, self)) process.exit(1)

  const child = startChild(order)
  const spawners = new Set<Socket>()
  let ending: Ending | undefined

  function signal(name: NodeJS.Signals): void {
    if (child.pid !== undefined) signalGroup(child.pid, name)
  }

  function end(next: Ending): void {
    if (ending?.kind === 'hard' || ending?.kind === next.kind) return
    ending = next
    for (const socket of spawners) sendLine(socket, { ending })
    signal(next.kind === 'soft' ? 'SIGTERM' : 'SIGKILL')
    const { reason } = next
    if (next.kind === 'soft') setTimeout(() => end({ kind: 'hard', reason }), order.stopGraceMs)
  }

  for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
    process.on(name, () => end({ kind: 'soft', reason: 'lost' }))
  }
  process.on('uncaughtException', () => {
    signal('SIGKILL')
    process.exit(1)
  })
  const kept = endUnlessKept(order, end)
  if (order.lifetimeMs !== undefined) {
    const over = performance.now() + order.lifetimeMs
    atTime(
      () => over,
      () => end({ kind: 'soft', reason: 'swept' }),
    )
  }

  let orphanTimer = startOrphanTimer()
  function startOrphanTimer(): NodeJS.Timeout {
    return setTimeout(() => end({ kind: 'soft', reason: 'lost' }), order.orphanLimitMs)
  }
  server.on('connection', (socket) => {
    clearTimeout(orphanTimer)
    spawners.add(socket)
    socket.on('close', () => {
      spawners.delete(socket)
      if (spawners.size === 0) orphanTimer = startOrphanTimer()
    })
    if (ending !== undefined) sendLine(socket, { ending })
    onLine(socket, (message) => {
      const command = message as GuardCommand
      if (command.type === 'end') end(command.ending)
      else kept(command.ageMs)
    })
  })

  const identity = child.pid === undefined ? undefined : identityOf(child.pid)
  if (identity !== undefined) writeJson(GUARD_FILES.child, identity)
  if (process.connected) {
    process.send?.(GUARD_SERVES)
    process.disconnect()
  }

  const processEnd = await child.ended
  // What it started may still be saving its work, as a server behind `npm start` does.
  if (ending?.kind !== 'hard') signal('SIGTERM')
  await child.groupEnded(order.stopGraceMs, () => ending?.kind === 'hard')
  signal('SIGKILL')
  killStrays(order.backendId, order.port)
  await child.outputEnded()
  writeJson(GUARD_FILES.end, { ...processEnd, reason: processEnd.reason ?? ending?.reason })
  rmSync(GUARD_FILES.socket, { force: true })
  process.exit(0)
}

/**
 * The gate gives the key to another backend when it has heard nothing for so long: this one is gone by
 * then. The function that is returned is told of each report that the gate kept, and its age.
 */
function endUnlessKept(
  { unreachableLimitMs: limit, stopGraceMs }: GuardOrder,
  end: (ending: Ending) => void,
): (ageMs: number) => void {
  let keptAt = performance.now()
  atTime(
    () => keptAt + Math.max(limit / 2, limit - stopGraceMs),
    () => end({ kind: 'soft', reason: 'lost' }),
  )
  atTime(
    () => keptAt + limit,
    () => end({ kind: 'hard', reason: 'lost' }),
  )
  return (ageMs) => {
    keptAt = performance.now() - ageMs
  }
}

/** Runs something at a time of `performance`'s clock that may be put off until it has come. */
function atTime(time: () => number, run: () => void): void {
  const restMs = time() - performance.now()
  if (restMs <= 0) run()
  else setTimeout(() => atTime(time, run), Math.min(restMs, MAX_TIMER_MS))
}
