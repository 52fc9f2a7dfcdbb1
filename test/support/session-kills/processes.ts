import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import {
  identityOf,
  isRunning,
  type ProcessIdentity,
} from '../../../src/process-spawner/process-table.ts'

/** A process that a spawner of one run is answerable for. */
export interface SeenProcess extends ProcessIdentity {
  /** `other` is what a backend started. */
  readonly role: 'guard' | 'backend' | 'other'
  readonly backendId: string
  /** Where a backend listens. */
  readonly port: number
}

/**
 * All processes of a run as the system has them now, whoever started them: guards stand in the folder of
 * their backend, everything else has the run in its environment.
 */
export function processesOf(run: string): SeenProcess[] {
  return readdirSync('/proc').flatMap((name) => {
    const pid = /^\d+$/.test(name) ? Number(name) : 0
    const seen = pid === 0 ? undefined : describe(run, pid)
    // Asked for last: what has ended meanwhile is not one any more.
    const identity = seen && identityOf(pid)
    return identity === undefined || seen === undefined ? [] : [{ ...identity, ...seen }]
  })
}

/** Nothing but the very process that was seen. */
export function killSeen(seen: ProcessIdentity): void {
  if (!isRunning(seen)) return
  try {
    process.kill(seen.pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

export function residentBytes(pid: number): number {
  const [, pages = '0'] = read(`/proc/${pid}/statm`).split(' ')
  return Number(pages) * 4096
}

function describe(run: string, pid: number): Omit<SeenProcess, keyof ProcessIdentity> | undefined {
  const environment = new Map(
    read(`/proc/${pid}/environ`)
      .split('\0')
      .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
  )
  if (environment.get('RUN') === run) {
    return {
      role: read(`/proc/${pid}/cmdline`).includes('sole.ts') ? 'backend' : 'other',
      backendId: environment.get('SESSION_BACKEND_ID') ?? '',
      port: Number(environment.get('PORT')),
    }
  }
  const directory = directoryOf(pid)
  const [, backendId] = /^\/[^/]+\/backends\/([^/]+)$/.exec(directory.slice(run.length)) ?? []
  if (!directory.startsWith(run) || backendId === undefined) return undefined
  return { role: 'guard', backendId, port: 0 }
}

function directoryOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`)
  } catch {
    return ''
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
