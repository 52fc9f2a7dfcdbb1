import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'

const PROBE_TIMEOUT_MS = 2000
const FIRST_WAIT_MS = 25
const LAST_WAIT_MS = 500

export interface ReadyProbe {
  /** On 127.0.0.1. */
  readonly port: number
  /** Ready when a GET of it is answered with 2xx; `undefined`: when the port takes connections. */
  readonly path: string | undefined
  /** When to give up, in milliseconds since the epoch. */
  readonly deadline: number
  /** Gives up at once. */
  readonly signal: AbortSignal
}

/** Asks a process until it is ready. */
export async function becomesReady({ port, path, deadline, signal }: ReadyProbe): Promise<boolean> {
  let waitMs = FIRST_WAIT_MS
  while (!signal.aborted && Date.now() < deadline) {
    const isReady = await (path === undefined ? accepts(port) : answers(port, path))
    if (isReady) return !signal.aborted
    await wait(waitMs, undefined, { signal }).catch(() => undefined)
    waitMs = Math.min(waitMs * 2, LAST_WAIT_MS)
  }
  return false
}

async function accepts(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect', { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) })
    return true
  } catch {
    return false
  } finally {
    socket.on('error', () => undefined)
    socket.destroy()
  }
}

async function answers(port: number, path: string): Promise<boolean> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      redirect: 'manual',
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
    })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}
