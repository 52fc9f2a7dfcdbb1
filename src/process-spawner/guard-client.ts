import { fork } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { createJson } from './durable-file.ts'
import { GUARD_FILES, onLine, sendLine } from './guard-channel.ts'
import type { Ending, GuardNews, GuardOrder } from './guard-channel.ts'
import { identityOf } from './process-table.ts'

/** A connection to the guard of one backend. */
export interface Guard {
  readonly end: (ending: Ending) => void
  /** Tells that the gate kept a report that was sent so long ago. */
  readonly kept: (ageMs: number) => void
  /** Resolves when the guard has gone. What became of the backend stands in its folder. */
  readonly gone: Promise<void>
}

type OnEnding = (ending: Ending) => void

/** Starts a backend under a guard; `undefined` when it has gone already. */
export async function startGuard(
  folder: string,
  order: GuardOrder,
  onEnding: OnEnding,
): Promise<Guard | undefined> {
  const child = fork(join(import.meta.dirname, 'guard.ts'), {
    cwd: folder,
    env: {},
    execArgv: [],
    // A session of its own: neither Ctrl+C nor the spawner's end reaches it.
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  child.unref()
  const told = new Promise<void>((resolve) => {
    child.once('message', () => resolve())
    child.once('exit', () => resolve())
    child.once('error', () => resolve())
  })
  // It fails where the guard has ended, which is told as well.
  child.send(order, () => undefined)
  await told
  return connectTo(folder, onEnding)
}

/**
 * The guard that an earlier spawner started, or `undefined` when it has gone. One that has not started
 * its backend's process until now will not do so any more.
 */
export async function findGuard(folder: string, onEnding: OnEnding): Promise<Guard | undefined> {
  const isUnclaimed = createJson(join(folder, GUARD_FILES.claim), identityOf(process.pid))
  return isUnclaimed ? undefined : connectTo(folder, onEnding)
}

async function connectTo(folder: string, onEnding: OnEnding): Promise<Guard | undefined> {
  const socket = connect(join(folder, GUARD_FILES.socket))
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  onLine(socket, (news) => onEnding((news as GuardNews).ending))
  try {
    await once(socket, 'connect')
  } catch {
    return undefined
  }
  return {
    end: (ending) => sendLine(socket, { type: 'end', ending }),
    kept: (ageMs) => sendLine(socket, { type: 'kept', ageMs }),
    gone,
  }
}
