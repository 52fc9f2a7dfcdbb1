/** A copy of a request for a hook to read and change, and the way back to one that can be forwarded. */
interface LentRequest {
  readonly lent: Request
  /** @returns `undefined` if the hook read the body of a request that it made itself. */
  readonly takeBack: (returned: Request) => Request | undefined
}

/**
 * Lends a request to a hook so that its body can still be forwarded, read or unread. Nothing is
 * buffered unless the hook reads: a tee would hold a whole upload in memory for a hook that only
 * looks at a header.
 */
export function lendRequest(request: Request): LentRequest {
  const { body } = request
  if (body === null) return { lent: new Request(request), takeBack: (returned) => returned }
  const replay = replayable(body)
  const lent = new Request(request, { body: replay.reading })
  return {
    lent,
    takeBack(returned) {
      if (returned !== lent && !returned.bodyUsed) return returned
      if (returned !== lent && !replay.wasRead()) return undefined
      const unread = replay.wasRead() ? replay.whole() : body
      return new Request(returned.url, withBody(returned, unread))
    },
  }
}

/** Everything of the request but its body, which is spent. */
function withBody(request: Request, body: ReadableStream<Uint8Array>): RequestInit {
  const { method, headers, signal, cf } = request
  return { method, headers, signal, body, redirect: 'manual', ...(cf === undefined ? {} : { cf }) }
}

/** Reads a stream once and remembers what was read, so that the whole can be read again. */
function replayable(body: ReadableStream<Uint8Array>) {
  const chunks: Uint8Array[] = []
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  async function next(): Promise<Uint8Array | undefined> {
    reader ??= body.getReader()
    const { done, value } = await reader.read()
    if (done) return undefined
    chunks.push(value)
    // The hook may write into what it reads; the backend gets what the caller sent.
    return value.slice()
  }

  // A high-water mark of zero: nothing is pulled, and so nothing kept, until the hook reads.
  const reading = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = await next()
        if (chunk === undefined) controller.close()
        else controller.enqueue(chunk)
      },
    },
    { highWaterMark: 0 },
  )

  function whole(): ReadableStream<Uint8Array> {
    let index = 0
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          if (index === chunks.length && (await next()) === undefined) return controller.close()
          const chunk = chunks[index++]
          if (chunk !== undefined) controller.enqueue(chunk)
        },
        cancel: (reason) => reader?.cancel(reason),
      },
      { highWaterMark: 0 },
    )
  }

  return { reading, whole, wasRead: () => reader !== undefined }
}
