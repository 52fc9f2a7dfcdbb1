import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface BackendProcess {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly port: number
  /** Resolves once the backend has told this event, now or before; each telling counts once. */
  readonly told: (event: string) => Promise<void>
  /** Says a word that an answer waits for. */
  readonly say: (word: string) => void
  readonly stop: () => Promise<void>
}

/** Starts a real HTTP and WebSocket server in a process of its own. */
export async function startBackend(): Promise<BackendProcess> {
  const child = fork(join(import.meta.dirname, 'backend/server.ts'), { execArgv: [] })
  const events: string[] = []
  child.on('message', (event: string) => {
    events.push(event)
    child.emit('told')
  })
  async function take(find: (event: string) => boolean): Promise<string> {
    for (;;) {
      const at = events.findIndex(find)
      if (at !== -1) return events.splice(at, 1).join('')
      await once(child, 'told')
    }
  }
  const port = Number((await take((event) => event.startsWith('listening '))).split(' ')[1])
  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    told: async (event) => void (await take((other) => other === event)),
    say: (word) => child.send(word),
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill()
      await once(child, 'exit')
    },
  }
}
