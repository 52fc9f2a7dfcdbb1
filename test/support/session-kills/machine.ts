import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { gatherLog } from '../process-log.ts'
import { prepareWorker, type ServedWorker } from '../serve-worker.ts'
import { SPAWNER_SECRET } from '../spawner-server.ts'
import { gateClient, type GateClient } from './gate-client.ts'
import { killSeen, processesOf, residentBytes, type SeenProcess } from './processes.ts'

const PROGRAM = join(import.meta.dirname, '../../../src/process-spawner/main.ts')
const MAX_WORKER_BYTES = 2 * 1024 ** 3
const STARTS_WITHIN_MS = 30_000
const STOP_GRACE_SECONDS = 1

/** A gate and a spawner with its backends, each of which can be killed and brought back. */
export interface KillMachine {
  readonly gate: GateClient
  readonly worker: { readonly kill: () => Promise<void>; readonly start: () => Promise<void> }
  readonly spawner: {
    readonly kill: () => Promise<void>
    /** @param state folder where it finds what an earlier one left; default: that of all others */
    readonly start: (state?: string) => Promise<void>
    readonly pause: () => void
    readonly resume: () => void
  }
  /** Guards and backends of every spawner that there was. */
  readonly processes: () => SeenProcess[]
  /** Backends that found another one of their key running when they started, a line each. */
  readonly overlaps: () => Promise<string[]>
  /** What was killed because it grew without end. */
  readonly grown: () => string[]
  /** Leaves no process and no file. */
  readonly stop: () => Promise<void>
}

interface RunningSpawner {
  readonly exited: Promise<unknown>
  readonly signal: (name: NodeJS.Signals) => void
}

export async function startMachine(): Promise<KillMachine> {
  const run = await mkdtemp(join(tmpdir(), 'portico-session-kills-'))
  const [workerPort, spawnerPort] = [await settledPort(), await settledPort()]
  const catalogue = join(run, 'catalogue.json')
  await writeFile(catalogue, JSON.stringify(catalogueOf(run)))
  const spawnerOptions = { url: `http://127.0.0.1:${spawnerPort}/`, secret: SPAWNER_SECRET }
  const prepared = await prepareWorker({
    entry: 'test/fixtures/kill-gate.ts',
    vars: { OPTIONS: JSON.stringify({ spawner: spawnerOptions }) },
    rooms: { BACKEND: 'Backend', BACKEND_KEY: 'BackendKey', BACKEND_INDEX: 'BackendIndex' },
  })
  const origin = `http://127.0.0.1:${workerPort}`
  const grown: string[] = []
  let worker: ServedWorker | undefined
  let spawner: RunningSpawner | undefined

  const watchdog = setInterval(() => {
    if (worker === undefined || residentBytes(worker.pid) < MAX_WORKER_BYTES) return
    grown.push('the Worker took more than two gibibytes')
    void worker.stop()
  }, 500)

  async function startSpawner(name = 'state'): Promise<void> {
    const where = ['--catalogue', catalogue, '--state', join(run, name), '--gate', origin]
    const options = [...where, '--port', String(spawnerPort)]
    const child = spawn(process.execPath, [PROGRAM, ...options], {
      env: { SPAWNER_SECRET },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    spawner = { exited: once(child, 'exit'), signal: (signal) => void child.kill(signal) }
    const listens = gatherLog(child).logged('listens on')
    await Promise.race([listens, tooLate('the spawner does not start')])
  }
  async function killSpawner(): Promise<void> {
    spawner?.signal('SIGKILL')
    await spawner?.exited
  }
  async function startWorker(): Promise<void> {
    const served = prepared.serve(workerPort)
    worker = await Promise.race([served, tooLate('the Worker does not start')])
  }
  const processes = () => processesOf(run)
  /** Also where the process is ended in the middle of a round, which waits for nothing. */
  function killAll(): void {
    spawner?.signal('SIGKILL')
    void worker?.stop()
    // What starts while it is looked for is found the next time.
    for (let left = 5; left > 0; left--) for (const seen of processes()) killSeen(seen)
    rmSync(run, { recursive: true, force: true })
  }
  process.once('exit', killAll)

  const machine: KillMachine = {
    gate: gateClient(origin),
    worker: { kill: async () => worker?.stop(), start: startWorker },
    spawner: {
      kill: killSpawner,
      start: startSpawner,
      pause: () => spawner?.signal('SIGSTOP'),
      resume: () => spawner?.signal('SIGCONT'),
    },
    processes,
    async overlaps() {
      const lines = await readFile(join(run, 'overlaps'), 'utf8').catch(() => '')
      return lines.split('\n').filter((line) => line !== '')
    },
    grown: () => grown,
    async stop() {
      clearInterval(watchdog)
      await killSpawner()
      await worker?.stop()
      for (let left = 100; left > 0 && processes().length > 0; left--) {
        for (const seen of processes()) killSeen(seen)
        await wait(50)
      }
      process.off('exit', killAll)
      await prepared.remove()
      rmSync(run, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await startWorker()
    await startSpawner()
  } catch (error) {
    await machine.stop()
    throw error
  }
  return machine
}

function catalogueOf(run: string): object {
  const backend = {
    command: ['node', 'sole.ts'],
    directory: join(import.meta.dirname, '../spawned'),
    env: { RUN: run },
    allowed_env: ['KEY', 'MODE'],
    stop_grace_seconds: STOP_GRACE_SECONDS,
  }
  return { plain: backend, probed: { ...backend, ready: { path: '/healthz' } } }
}

async function tooLate(what: string): Promise<never> {
  await wait(STARTS_WITHIN_MS, undefined, { ref: false })
  throw new Error(what)
}

/** Below those that connections are given: nobody takes it while whoever listens on it is dead. */
async function settledPort(): Promise<number> {
  for (let left = 100; left > 0; left--) {
    const port = 20_000 + Math.floor(Math.random() * 12_000)
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
  throw new Error('no port is free')
}
