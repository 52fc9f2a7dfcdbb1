import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/** The ports of all backends: a process that was given one may not have taken it yet. */
export interface Ports {
  /** Picks one of 127.0.0.1 that nobody uses, and holds it. */
  readonly pick: () => Promise<number>
  readonly hold: (port: number) => void
  readonly release: (port: number) => void
}

export function createPorts(): Ports {
  const held = new Set<number>()
  return {
    async pick() {
      let port = await freePort()
      while (held.has(port)) port = await freePort()
      held.add(port)
      return port
    },
    hold: (port) => void held.add(port),
    release: (port) => void held.delete(port),
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
