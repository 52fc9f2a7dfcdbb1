import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gatherLog, type ProcessLog } from '../support/process-log.ts'

interface DevelopmentServer extends ProcessLog {
  readonly origin: string
  readonly stop: () => Promise<void>
}

/**
 * Serves Portico as `npm start` does, but keeps nothing.
 *
 * @param port 0 for any that is free
 */
export async function serveDevelopment(port: number): Promise<DevelopmentServer> {
  const folder = await mkdtemp(join(tmpdir(), 'portico-'))
  const server = spawn(
    process.execPath,
    [
      'scripts/dev.mjs',
      '--ip=127.0.0.1',
      `--port=${port}`,
      '--inspector-port=0',
      `--persist-to=${folder}`,
    ],
    // A group of its own, because wrangler starts processes that may not end with it.
    { detached: true, stdio: ['ignore', 'pipe', 'pipe'] },
  )
  const log = gatherLog(server)

  async function stop(): Promise<void> {
    const { pid } = server
    if (pid !== undefined && server.exitCode === null && server.signalCode === null) {
      const exited = once(server, 'exit')
      // First the one that stops the others in their order.
      server.kill('SIGTERM')
      await exited
      killGroup(pid)
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }

  try {
    await log.logged('(Ctrl+C stops it)')
    const origin = /Open (http:\/\/localhost:\d+)/.exec(log.logs())?.[1] ?? ''
    return { origin, ...log, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing was left of it.
  }
}
