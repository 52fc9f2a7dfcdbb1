import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import process from 'node:process'
import { BACKEND_ID_VARIABLE } from './child-environment.ts'

/** A process, told apart from a later one that was given the same id. */
export interface ProcessIdentity {
  readonly pid: number
  /** As the system says it: only good for comparing. */
  readonly startedAt: string
}

/** `undefined` when there is none, or it has ended and only waits for its parent to notice. */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const startedAt = process.platform === 'linux' ? startOnLinux(pid) : startByPs(pid)
  return startedAt === undefined ? undefined : { pid, startedAt }
}

export function isRunning({ pid, startedAt }: ProcessIdentity): boolean {
  const found = identityOf(pid)
  return found !== undefined && found.startedAt === startedAt
}

/** Signals every process of a group; 0 is no signal. Tells whether there is one. */
export function signalGroup(leaderPid: number, signal: NodeJS.Signals | 0): boolean {
  // kill(2): 0 is the caller's own group, and -1 is every process there is.
  return leaderPid > 1 && kill(-leaderPid, signal)
}

/**
 * Kills what a backend's process started and left behind outside its group, as Jupyter starts its
 * kernels. It is known by its environment, which only Linux shows: by the port too, since another
 * spawner of this machine may run a backend of the same name.
 */
export function killStrays(backendId: string, port: number): void {
  // What forks while it is looked for is found the next time.
  for (let round = 0; round < 5; round++) {
    const strays = process.platform === 'linux' ? processesOf(backendId, port) : []
    if (strays.length === 0) return
    for (const pid of strays) kill(pid, 'SIGKILL')
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    // It has ended.
    return false
  }
}

function processesOf(backendId: string, port: number): number[] {
  const wanted = [`${BACKEND_ID_VARIABLE}=${backendId}`, `PORT=${port}`]
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const variables = readProc(`/proc/${pid}/environ`)?.split('\0') ?? []
      return wanted.every((variable) => variables.includes(variable))
    })
    .map(Number)
}

/** proc_pid_stat(5): the name stands in parentheses and may hold some; field 3 follows, 22 is the start. */
function startOnLinux(pid: number): string | undefined {
  const stat = readProc(`/proc/${pid}/stat`)
  const [state = 'X', ...fields] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? []
  return /[ZX]/.test(state) ? undefined : fields[18]
}

function startByPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [, state = 'Z', startedAt] = /^\s*(\S+)\s+(.*\S)/.exec(line) ?? []
    return state.startsWith('Z') ? undefined : startedAt
  } catch {
    return undefined
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    // It has ended, or is another user's.
    return undefined
  }
}
