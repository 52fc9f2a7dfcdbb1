import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

// Forked with this argument, the file is the server itself.
const SERVES = '--serve'

export interface Origin {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string
  readonly stop: () => Promise<void>
}

/** Starts the least that a backend can be, in a process of its own: five bytes for every request. */
export async function startOrigin(): Promise<Origin> {
  const child = fork(import.meta.filename, [SERVES], { execArgv: [] })
  const [port] = (await once(child, 'message')) as [number]
  return { origin: `http://127.0.0.1:${port}`, stop: () => end(child) }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill()
  await once(child, 'exit')
}

function serve(): void {
  // Connections stay open while a Worker waits for its turn.
  const server = createServer({ keepAliveTimeout: 0 }, (_request, response) => {
    response.setHeader('content-length', 5).end('hello')
  })
  server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
  process.on('disconnect', () => process.exit())
}

if (process.argv[2] === SERVES) serve()
