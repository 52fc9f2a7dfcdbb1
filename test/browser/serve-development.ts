import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface DevelopmentServer {
  readonly origin: string
  /** Everything that `npm start` printed so far. */
  readonly logs: () => string
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
  let logs = ''
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk: Buffer) => (logs += chunk.toString()))
  }

  async function stop(): Promise<void> {
    const { pid } = server
    if (pid !== undefined && server.exitCode === null && server.signalCode === null) {
      process.kill(-pid, 'SIGTERM')
      await once(server, 'exit')
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }

  try {
    const [, origin = ''] = await new Promise<RegExpExecArray>((resolve, reject) => {
      server.stdout.on('data', () => {
        const ready = /Open (http:\/\/localhost:\d+)/.exec(logs)
        if (ready !== null) resolve(ready)
      })
      server.once('exit', () => reject(new Error(`npm start did not serve:\n${logs}`)))
    })
    return { origin, logs: () => logs, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
