import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gatherLog } from './process-log.ts'
import { serveConnections, type ConnectionGate } from './serve-connections.ts'
import { SPAWNER_SECRET } from './spawner-server.ts'

const PROGRAM = join(import.meta.dirname, '../../src/process-spawner/main.ts')
const CATALOGUE = {
  session: {
    command: ['node', 'session.ts'],
    directory: join(import.meta.dirname, 'spawned'),
    env: { FIXED: 'by the catalogue' },
    allowed_env: ['TITLE'],
    stop_grace_seconds: 5,
  },
}

/** A gate whose backends the reference spawner runs, as processes. */
export interface SessionGate extends ConnectionGate {
  readonly spawnerPid: number
}

/** @param options of the gate's connections, beside its spawner */
export async function serveSessions(options: object = {}): Promise<SessionGate> {
  const port = await freePort()
  const spawner = { url: `http://127.0.0.1:${port}/`, secret: SPAWNER_SECRET }
  const gate = await serveConnections({ spawner, ...options })
  const folder = await mkdtemp(join(tmpdir(), 'portico-sessions-'))
  const [catalogue, state] = [join(folder, 'catalogue.json'), join(folder, 'state')]
  await writeFile(catalogue, JSON.stringify(CATALOGUE))
  await mkdir(state)
  const where = ['--catalogue', catalogue, '--state', state, '--gate', gate.worker.origin]
  const child = spawn(process.execPath, [PROGRAM, ...where, '--port', String(port)], {
    env: { SPAWNER_SECRET, OF_THE_SPAWNER: 'not for its children' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit')
  await gatherLog(child).logged('listens on')
  return {
    ...gate,
    spawnerPid: child.pid ?? 0,
    async stop() {
      child.kill('SIGTERM')
      await exited
      await gate.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

/** The gate has to know where the spawner is before the spawner can know where the gate is. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
