import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { readJson } from '../../src/process-spawner/durable-file.ts'
import {
  identityOf,
  isRunning,
  signalGroup,
  type ProcessIdentity,
} from '../../src/process-spawner/process-table.ts'
import { gatherLog, type ProcessLog } from './process-log.ts'
import { startReportGate, type ReportGate } from './report-gate.ts'

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
export const NEXT_SECRET = 'whsec_2LaLaSwMfKQ9r8GKYqrTwjUPD8ILPZIo'
const PROGRAM = join(import.meta.dirname, '../../src/process-spawner/main.ts')
const SERVER = { command: ['node', 'server.ts'], directory: join(import.meta.dirname, 'spawned') }

/** The images of most tests. */
const CATALOGUE = {
  server: { ...SERVER, allowed_env: ['MODE', 'TITLE'], stop_grace_seconds: 5 },
  impatient: { ...SERVER, allowed_env: ['MODE'], stop_grace_seconds: 0.2 },
  probed: {
    ...SERVER,
    allowed_env: ['MODE'],
    ready: { path: '/healthz' },
    start_timeout_seconds: 20,
  },
  late: {
    ...SERVER,
    env: { MODE: 'unready' },
    ready: { path: '/healthz' },
    start_timeout_seconds: 0.5,
  },
  missing: { ...SERVER, command: ['there-is-no-such-program'] },
  fixed: {
    ...SERVER,
    command: ['node', 'server.ts', '$HOME; echo', '--flag'],
    env: { MODE: 'fixed', TITLE: 'of the catalogue' },
    allowed_env: ['TITLE'],
  },
}

export interface SpawnerProcess extends ProcessLog {
  readonly pid: number
  /** Sends a request that is signed, unless its headers say otherwise. */
  readonly post: (body: unknown, signed?: Signed) => Promise<Answered>
  /** Has a backend started, and says who it is when it is ready. */
  readonly run: (backendId: string, executable?: object, more?: object) => Promise<RunningServer>
  readonly spawn: (backendId: string, executable?: object, more?: object) => Promise<Answered>
  /** Resolves with the code, or the signal. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | string | null>
}

export interface Signed {
  readonly secret?: string
  readonly ageSeconds?: number
  /** What is sent instead of the body that was signed. */
  readonly sent?: string
}

interface Answered {
  readonly status: number
  readonly message?: string
}

/** What a backend of `spawned/server.ts` says of itself. */
interface RunningServer {
  readonly origin: string
  readonly pid: number
  /** Its guard. */
  readonly parent: number
  readonly directory: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly get: (path: string) => Promise<unknown>
}

export interface SpawnerTest {
  readonly gate: ReportGate
  readonly state: string
  /** Starts the program, with more arguments and another environment, and behind another program. */
  readonly start: (
    args?: readonly string[],
    environment?: Readonly<Record<string, string>>,
    wrapper?: readonly string[],
  ) => Promise<SpawnerProcess>
  /** Kills what is left and removes all files. */
  readonly stop: () => Promise<void>
}

/** A gate, a catalogue and a state folder for the real program. */
export async function prepareSpawner(catalogue: object = CATALOGUE): Promise<SpawnerTest> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-spawner-'))
  const file = join(folder, 'catalogue.json')
  const state = join(folder, 'state')
  await writeFile(file, JSON.stringify(catalogue))
  await mkdir(state)
  const gate = await startReportGate(SECRET)
  const started: SpawnerProcess[] = []

  async function start(
    args: readonly string[] = [],
    environment: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
  ): Promise<SpawnerProcess> {
    const options = ['--catalogue', file, '--gate', gate.url, '--state', state, ...args]
    const command = [...wrapper, process.execPath, PROGRAM, ...options]
    const child = spawn(command[0] ?? '', command.slice(1), {
      env: { SPAWNER_SECRET: SECRET, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const exited = once(child, 'exit')
    const log = gatherLog(child)
    await log.logged('listens on')
    const [, origin = ''] = /listens on (\S+)/.exec(log.logs()) ?? []

    const spawner: SpawnerProcess = {
      ...log,
      pid: child.pid as number,
      post: (body, signed) => post(origin, body, signed),
      spawn: (backendId, executable = { image: 'server' }, more = {}) =>
        post(origin, spawnEvent(backendId, executable, more)),
      async run(backendId, executable, more) {
        const { status } = await spawner.spawn(backendId, executable, more)
        if (status !== 202) throw new Error(`the spawner answered ${status}`)
        const { address } = await gate.status(backendId, 'ready')
        return describe(address?.origin ?? '')
      },
      async end(signal) {
        child.kill(signal)
        const [code, by] = (await exited) as [number | null, string | null]
        return code ?? by
      },
    }
    started.push(spawner)
    return spawner
  }

  return {
    gate,
    state,
    start,
    async stop() {
      await Promise.all(started.map((spawner) => spawner.end('SIGKILL')))
      await killAll(join(state, 'backends'))
      await gate.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

export function spawnEvent(backendId: string, executable: unknown, more: object = {}): object {
  const data = { backend_id: backendId, executable, ...more }
  return { type: 'backend.spawn', timestamp: new Date().toISOString(), data }
}

export function terminateEvent(backendId: string, kind: string): object {
  const data = { backend_id: backendId, kind }
  return { type: 'backend.terminate', timestamp: new Date().toISOString(), data }
}

/** Resolves when a process has ended; nobody tells of those that are not our children. */
export async function ended(pid: number): Promise<void> {
  while (identityOf(pid) !== undefined) await wait(20)
}

export function isAlive(pid: number): boolean {
  return identityOf(pid) !== undefined
}

async function post(origin: string, event: unknown, signed: Signed = {}): Promise<Answered> {
  const body = JSON.stringify(event)
  const headers = signedHeaders(body, signed)
  const response = await fetch(origin, { method: 'POST', headers, body: signed.sent ?? body })
  return { status: response.status, ...((await response.json()) as { message?: string }) }
}

export function signedHeaders(
  body: string,
  { secret = SECRET, ageSeconds = 0 }: Signed = {},
): Record<string, string> {
  const time = new Date(Date.now() - ageSeconds * 1000)
  return {
    'content-type': 'application/json',
    'webhook-id': 'message',
    'webhook-timestamp': String(Math.floor(time.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign('message', time, body),
  }
}

async function describe(origin: string): Promise<RunningServer> {
  const get = async (path: string) => (await fetch(`${origin}${path}`)).json()
  const self = (await get('/self')) as Omit<RunningServer, 'origin' | 'get'>
  return { origin, get, ...self }
}

/** First the guards, so that none of them writes any more, then the processes that they ran. */
async function killAll(backends: string): Promise<void> {
  const folders = await readdir(backends).catch(() => [])
  for (const name of ['guard.json', 'child.json']) {
    for (const folder of folders) {
      const identity = readJson(join(backends, folder, name)) as ProcessIdentity | undefined
      if (identity !== undefined && isRunning(identity)) signalGroup(identity.pid, 'SIGKILL')
    }
  }
}
