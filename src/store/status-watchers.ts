import type { StatusEntry } from './backend-status.ts'

const MAX_STREAMS = 1000

/** Those who want to know what becomes of a backend, for as long as its object is in memory. */
export class StatusWatchers {
  readonly #streams = new Set<ReadableStreamDefaultController<Uint8Array>>()
  readonly #waiting = new Set<() => void>()

  tell(entry: StatusEntry): void {
    for (const wake of this.#waiting) wake()
    for (const controller of this.#streams) {
      controller.enqueue(lineOf(entry))
      if (entry.status === 'terminated') controller.close()
    }
    if (entry.status === 'terminated') this.#streams.clear()
  }

  /**
   * What has been, and what comes, a JSON line each.
   *
   * @param isOver whether nothing comes any more
   */
  stream(past: readonly StatusEntry[], isOver: boolean): ReadableStream<Uint8Array> {
    let own: ReadableStreamDefaultController<Uint8Array> | undefined
    return new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const entry of past) controller.enqueue(lineOf(entry))
        if (isOver) {
          controller.close()
          return
        }
        if (this.#streams.size >= MAX_STREAMS) this.#closeOldest()
        own = controller
        this.#streams.add(controller)
      },
      cancel: () => {
        if (own !== undefined) this.#streams.delete(own)
      },
    })
  }

  /**
   * Anyone may watch, and that someone has left shows only when something is written, which may be
   * never. So the first who came make room. Who of them is still there comes back, and goes on.
   */
  #closeOldest(): void {
    const [oldest] = this.#streams
    if (oldest === undefined) return
    this.#streams.delete(oldest)
    oldest.close()
  }

  /** Waits for what `read` reads to be as wanted. @returns what it is in the end */
  async until<T>(read: () => T, isWanted: (value: T) => boolean, waitMs: number): Promise<T> {
    const deadline = new AbortController()
    let timeout: Promise<'late'> | undefined
    try {
      for (;;) {
        const value = read()
        if (isWanted(value) || waitMs <= 0) return value
        timeout ??= late(waitMs, deadline.signal)
        const { promise: changed, resolve: wake } = Promise.withResolvers<void>()
        this.#waiting.add(wake)
        const outcome = await Promise.race([changed, timeout])
        this.#waiting.delete(wake)
        if (outcome === 'late') return read()
      }
    } finally {
      deadline.abort()
    }
  }
}

async function late(waitMs: number, signal: AbortSignal): Promise<'late'> {
  await scheduler.wait(waitMs, { signal }).catch(() => undefined)
  return 'late'
}

function lineOf(entry: StatusEntry): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(entry)}\n`)
}
