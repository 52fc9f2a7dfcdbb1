import { dropForged } from '../forward/clean-headers.ts'

/** A copy of a request for a hook to read and change, and the way back to one that can be forwarded. */
interface LentRequest {
  readonly lent: Request
  /** @returns `undefined` if the hook read a body that cannot be sent again. */
  readonly takeBack: (returned: Request) => Request | undefined
}

/**
 * Lends a request to a hook so that its body can still be forwarded, read or unread. Nothing is
 * buffered unless the hook reads: a tee would hold a whole upload in memory for a hook that only
 * looks at a header.
 */
export function lendRequest(request: Request): LentRequest {
  const { body, method } = request
  // A GET with a body can be handed on but not made anew (Fetch standard), so it goes as it is.
  if (body === null || method === 'GET' || method === 'HEAD') {
    const lent = new Request(request)
    dropForged(lent.headers)
    return { lent, takeBack: asItIs }
  }
  const length = request.headers.get('content-length')
  const replay = replayable(body, length)
  const lent = new Request(request, {
    method,
    body: replay.forHook,
    signal: AbortSignal.any([request.signal, replay.failed]),
  })
  dropForged(lent.headers)
  return {
    lent,
    takeBack(returned) {
      const isSameBody = returned.body === lent.body || (returned.bodyUsed && replay.wasRead())
      if (!isSameBody) {
        replay.letGo()
        return asItIs(returned)
      }
      if (length !== null) returned.headers.set('content-length', length)
      const whole = replay.again(lent.body ?? replay.forHook)
      return new Request(returned.url, withBody(returned, whole, replay.failed))
    },
  }
}

function asItIs(returned: Request): Request | undefined {
  // It may be that of the body which the hook replaced, and would frame the copy for the next hook.
  returned.headers.delete('content-length')
  return returned.bodyUsed ? undefined : returned
}

/** Everything of the request but its body, which is spent. */
function withBody(
  { method, headers, signal, cf }: Request,
  body: ReadableStream<Uint8Array>,
  failed: AbortSignal,
): RequestInit {
  const init = { method, headers, body, signal: AbortSignal.any([signal, failed]) }
  return { ...init, redirect: 'manual', ...(cf === undefined ? {} : { cf }) }
}

/** Reads a stream once and remembers what was read, so that the whole can be read again. */
function replayable(body: ReadableStream<Uint8Array>, length: string | null) {
  const failure = new AbortController()
  const remembered: Uint8Array[] = []
  let state: 'lent' | 'taken back' | 'let go' = 'lent'
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  let reading = Promise.resolve<Uint8Array | undefined>(undefined)
  let isDone = false

  function readNext(): Promise<Uint8Array | undefined> {
    const from = (reader ??= body.getReader())
    // In turn, since a stream of workerd allows one read at a time.
    reading = reading.then(() => readFrom(from))
    return reading
  }

  async function readFrom(
    from: ReadableStreamDefaultReader<Uint8Array>,
  ): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await from.read()
      if (done) isDone = true
      else if (state !== 'let go') remembered.push(value)
      return value
    } catch (error) {
      // workerd ends a chunked body well if its stream fails; only an abort shows that it is cut off.
      failure.abort(error)
      throw error
    }
  }

  async function nextForHook(): Promise<Uint8Array | undefined> {
    if (state === 'taken back') throw new TypeError('a hook reads the body before it returns')
    const chunk = await readNext()
    // The hook may write into what it reads; the backend gets what the caller sent.
    return state === 'let go' ? chunk : chunk?.slice()
  }

  async function nextAgain(): Promise<Uint8Array | undefined> {
    if (remembered.length === 0) await readNext()
    return remembered.shift()
  }

  function streamOf(
    next: () => Promise<Uint8Array | undefined>,
    cancel: (reason: unknown) => Promise<void> | undefined,
  ): ReadableStream<Uint8Array> {
    const source: UnderlyingSource<Uint8Array> = {
      async pull(controller) {
        const chunk = await next()
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
      cancel,
      ...(length === null ? {} : { expectedLength: Number(length) }),
    }
    // A high-water mark of zero: nothing is pulled, and so nothing kept, until someone reads.
    return new ReadableStream(source, { highWaterMark: 0 })
  }

  const forHook = streamOf(nextForHook, () => undefined)
  return {
    forHook,
    failed: failure.signal,
    wasRead: () => reader !== undefined,
    /**
     * The whole body, to be sent.
     *
     * @param left what the hook left of its own stream
     */
    again(left: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
      const isClonedAndUnread = left !== forHook && !isDone
      if (isClonedAndUnread) {
        // The clone may be read while this is sent, so both stay what they are: halves of a tee.
        state = 'let go'
        const half = left.getReader()
        return streamOf(
          async () => (await half.read()).value,
          (reason) => half.cancel(reason),
        )
      }
      state = 'taken back'
      return reader === undefined ? body : streamOf(nextAgain, (reason) => reader?.cancel(reason))
    },
    /** The hook's stream is the only one from here on. */
    letGo() {
      state = 'let go'
      remembered.length = 0
    },
  }
}
