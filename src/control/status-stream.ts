import type { BackendStatus, StatusEntry } from '../store/backend-status.ts'
import { isoStatusDocumentOf, statusDocumentOf } from './status-document.ts'

/**
 * `plane` is an event stream whose events have ids and which stays open, so that an `EventSource`
 * does not come back for ever; `data` is what Jamsocket's clients read: lines of data and nothing
 * else, up to the end.
 */
export type StreamForm = 'plane' | 'data'

const KEEP_ALIVE: Readonly<Record<StreamForm, string>> = { plane: ':\n\n', data: '\n' }

/**
 * The statuses as an event stream, each in one chunk: some clients lose one that comes in two.
 *
 * @param after the status from which `entries` go on, if not from the beginning
 */
export function statusStream(
  entries: ReadableStream<StatusEntry>,
  after: BackendStatus | undefined,
  form: StreamForm,
  keepAliveSeconds: number,
): Response {
  const reader = entries.getReader()
  const encoder = new TextEncoder()
  let last = after
  let reading: Promise<ReadableStreamReadResult<StatusEntry>> | undefined
  let isOver = false

  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        reading ??= isOver ? undefined : reader.read()
        const read = await within(keepAliveSeconds, reading)
        if (read === undefined) {
          controller.enqueue(encoder.encode(KEEP_ALIVE[form]))
          return
        }
        reading = undefined
        if (!read.done) {
          last = read.value.status
          controller.enqueue(encoder.encode(eventOf(read.value, form)))
          return
        }
        isOver = true
        // One that broke off is closed as well: its reader comes back and goes on from there.
        if (form === 'data' || last !== 'terminated') controller.close()
        else controller.enqueue(encoder.encode(KEEP_ALIVE[form]))
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }
  return new Response(body, { headers })
}

function eventOf(entry: StatusEntry, form: StreamForm): string {
  if (form === 'data') return `data: ${JSON.stringify(isoStatusDocumentOf(entry))}\n\n`
  return `data: ${JSON.stringify(statusDocumentOf(entry))}\nid: ${entry.status}\n\n`
}

/** @returns `undefined` where the time is over first */
async function within<T>(seconds: number, work: Promise<T> | undefined): Promise<T | undefined> {
  const timer = new AbortController()
  const wait = scheduler.wait(seconds * 1000, { signal: timer.signal })
  const silence = wait.then(() => undefined).catch(() => undefined)
  try {
    return await Promise.race(work === undefined ? [silence] : [work, silence])
  } finally {
    timer.abort()
  }
}
