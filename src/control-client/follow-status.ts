import { errorOf, failed, type Answer, type PorticoError } from './answer.ts'
import { limited, send } from './ask.ts'
import { isStatus, type Status } from './documents.ts'
import { eventReader, type StreamEvent } from './event-stream.ts'
import type { Gate } from './portico-options.ts'
import { pause, within } from './within.ts'

export interface Pacing {
  /** Before the first return; each further one takes twice as long. */
  readonly firstDelayMs: number
  readonly longestDelayMs: number
  /** How often in a row the gate may be out of reach. */
  readonly attempts: number
  /** The gate sends something every 15 seconds: after this time nobody is there any more. */
  readonly silenceMs: number
}

const PACING: Pacing = {
  firstDelayMs: 250,
  longestDelayMs: 5000,
  attempts: 8,
  silenceMs: 45_000,
}

/**
 * The statuses of a backend from the first to `terminated`, each once, over as many connections as
 * it takes. An error is the last that it gives.
 */
export async function* followStatus(
  gate: Gate,
  backendId: string,
  signal: AbortSignal = new AbortController().signal,
  pacing: Pacing = PACING,
): AsyncGenerator<Answer<Status>, void, undefined> {
  const told = new Set<string>()
  let lastId = ''
  let failures = 0
  let returns = 0
  while (!signal.aborted) {
    let error: PorticoError | undefined
    for await (const heard of listen(gate, backendId, lastId, signal, pacing.silenceMs)) {
      if (!heard.ok) {
        error = heard.error
        break
      }
      failures = 0
      if (heard.value === 'open') continue
      returns = 0
      for (const event of heard.value) {
        const status = statusOf(event)
        if (!status.ok) {
          yield status
          return
        }
        lastId = event.id
        // Something between here and the gate may have kept the last id to itself.
        if (told.has(status.value.status)) continue
        told.add(status.value.status)
        yield status
        if (status.value.status === 'terminated' || signal.aborted) return
      }
    }
    if (signal.aborted) return
    if (error !== undefined) failures += 1
    if (error !== undefined && (isFinal(error) || failures >= pacing.attempts)) {
      yield { ok: false, error }
      return
    }
    await pause(delayOf(returns, error, pacing), signal)
    returns += 1
  }
}

/** One connection: that it is open, then the events of each chunk, none where it is a sign of life. */
async function* listen(
  gate: Gate,
  backendId: string,
  lastId: string,
  signal: AbortSignal,
  silenceMs: number,
): AsyncGenerator<Answer<'open' | readonly StreamEvent[]>, void, undefined> {
  const request = new AbortController()
  const question = { method: 'GET', path: `/pub/b/${backendId}/status-stream` } as const
  const headers = {
    accept: 'text/event-stream',
    ...(lastId !== '' && { 'last-event-id': lastId }),
  }
  try {
    const opened = await limited(gate, send(gate, question, request.signal, headers), signal)
    if (!opened.ok) {
      yield opened
      return
    }
    const refusal = await refusalOf(gate, opened.value)
    if (refusal !== undefined) {
      yield { ok: false, error: refusal }
      return
    }
    yield { ok: true, value: 'open' }
    const reader = (opened.value.body as ReadableStream<Uint8Array>).getReader()
    const take = eventReader(lastId)
    for (;;) {
      const read = await within(silenceMs, reader.read(), signal).catch(() => undefined)
      // Broken, silent or ended by the gate: each time the next connection goes on from here.
      if (read?.end !== 'done' || read.value.done) return
      const events = take(read.value.value)
      if (events === undefined) {
        yield unexpected(200)
        return
      }
      yield { ok: true, value: events }
    }
  } finally {
    request.abort()
  }
}

async function refusalOf(gate: Gate, response: Response): Promise<PorticoError | undefined> {
  const type = response.headers.get('content-type') ?? ''
  if (response.status === 200 && response.body !== null && type.startsWith('text/event-stream')) {
    return undefined
  }
  if (response.status === 200) return unexpected(200).error
  const reading: Promise<unknown> = response.json()
  const document = await limited(gate, reading)
  return errorOf(response, document.ok ? document.value : undefined)
}

function statusOf({ data }: StreamEvent): Answer<Status> {
  try {
    const document: unknown = JSON.parse(data)
    return isStatus(document) ? { ok: true, value: document } : unexpected(200)
  } catch {
    return unexpected(200)
  }
}

function unexpected(status: number) {
  return failed('UnexpectedAnswer', 'The stream is none of the control API.', { status })
}

/** What the next attempt would be answered as well. */
function isFinal({ status }: PorticoError): boolean {
  return status !== undefined && status < 500
}

function delayOf(returns: number, error: PorticoError | undefined, pacing: Pacing): number {
  const { firstDelayMs, longestDelayMs } = pacing
  const told = (error?.retryAfterSeconds ?? 0) * 1000
  // Not all at once: a gate that comes back would be met by everybody at the same moment.
  const spread = firstDelayMs * 2 ** returns * (0.5 + Math.random() / 2)
  return Math.min(Math.max(spread, told), longestDelayMs)
}
