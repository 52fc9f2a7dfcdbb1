import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'

/**
 * How long a port rests after its backend: the gate may remember for up to 60 seconds whom it let in, and
 * what it then sends, with that backend's secret, may still be on its way.
 */
const PORT_REST_MS = 65_000

/** The ports of all backends: a process that was given one may not have taken it yet. */
export interface Ports {
  /**
   * Picks one of 127.0.0.1 that nobody uses and that does not rest, and holds it.
   *
   * @throws NoPortError where there is none
   */
  readonly pick: () => Promise<number>
  readonly hold: (port: number) => void
  /** @param endedAt when the gate knew of its backend's end; the port rests from then on */
  readonly release: (port: number, endedAt: number) => void
}

/** A port that the system gives to nobody else until it is closed. */
export interface TakenPort {
  readonly port: number
  readonly close: () => Promise<void>
}

/** A failure is logged by this name alone. */
class NoPortError extends Error {
  override readonly name = 'NoPortError'
}

/** @param now in milliseconds since the epoch */
export function createPorts(
  now: () => number,
  takePort: () => Promise<TakenPort> = takeFreePort,
): Ports {
  const heldUntil = new Map<number, number>()
  return {
    async pick() {
      // Those that are held stay taken meanwhile, so that the system runs out of them, and not we of time.
      const taken: TakenPort[] = []
      try {
        for (;;) {
          const next = await takePort()
          taken.push(next)
          const { port } = next
          if ((heldUntil.get(port) ?? 0) > now()) continue
          heldUntil.set(port, Infinity)
          return port
        }
      } finally {
        await Promise.all(taken.map(({ close }) => close()))
      }
    },
    hold: (port) => void heldUntil.set(port, Infinity),
    release: (port, endedAt) => void heldUntil.set(port, endedAt + PORT_REST_MS),
  }
}

async function takeFreePort(): Promise<TakenPort> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new NoPortError('127.0.0.1 has no free port', { cause })
  }
  const { port } = server.address() as AddressInfo
  return {
    port,
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}
