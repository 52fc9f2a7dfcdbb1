import { createHash } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { gzipSync } from 'node:zlib'
import { seen, type Seen } from './seen.ts'

export interface SeenWithBody extends Seen {
  readonly bytes: number
  readonly sha256: string
  /** The beginning of the body. */
  readonly body: string
}

/** What the test that started this backend may be told, and what it may ask for. */
export interface Line {
  readonly tell: (event: string) => void
  /** Waits until the test says this word. */
  readonly hear: (word: string) => Promise<void>
}

type Answer = (
  request: IncomingMessage,
  response: ServerResponse,
  query: URLSearchParams,
  line: Line,
) => Promise<void> | void

/** How the backend answers, by the first segment of the path; everything else is described. */
export const answers: Readonly<Record<string, Answer>> = {
  async describe(request, response) {
    const { digest, bytes, beginning } = await readAll(request)
    const body: SeenWithBody = { ...seen(request), bytes, sha256: digest, body: beginning }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(body))
  },

  status(_request, response, query) {
    const location = query.get('location')
    response.statusCode = Number(query.get('status'))
    if (location !== null) response.setHeader('location', location)
    response.setHeader('etag', '"v1"').end()
  },

  async download(_request, response, query) {
    const bytes = Number(query.get('bytes'))
    if (query.has('length')) response.setHeader('content-length', bytes)
    await pipeline(patternOf(bytes), response)
  },

  range(request, response) {
    const whole = 'abcdefghijklmnopqrstuvwxyz'
    const [, first = '0', last = '25'] =
      /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    response.statusCode = request.headers.range === undefined ? 200 : 206
    response.setHeader('content-range', `bytes ${first}-${last}/${whole.length}`)
    response.end(whole.slice(Number(first), Number(last) + 1))
  },

  gzip(_request, response) {
    response.setHeader('content-encoding', 'gzip').end(gzipSync('compressed by the backend'))
  },

  async events(_request, response, _query, line) {
    response.setHeader('content-type', 'text/event-stream').flushHeaders()
    for (const id of ['1', '2', '3']) {
      await line.hear(`event ${id}`)
      response.write(`id: ${id}\n\n`)
    }
    response.end()
  },

  async late(_request, response, _query, line) {
    line.tell('waiting')
    await line.hear('answer')
    response.end('late but whole')
  },

  /** With the headers that the query names. */
  headers(_request, response, query) {
    for (const [name, value] of query) response.setHeader(name, value)
    response.end()
  },

  async hang(_request, response, query, line) {
    if (query.has('sse')) response.setHeader('content-type', 'text/event-stream')
    if (query.has('head')) response.flushHeaders()
    if (query.has('body')) response.write('beginning')
    line.tell('hanging')
    await once(response, 'close')
    line.tell('gone')
  },

  receive(request, response, _query, line) {
    request.once('data', () => line.tell('receiving'))
    request.on('error', () => {})
    request.once('close', () => line.tell(request.complete ? 'received' : 'broken off'))
    request.once('end', () => response.end())
  },

  async reset(request, response, query) {
    await once(request.resume(), 'end')
    if (query.has('length')) response.setHeader('content-length', 1000)
    if (query.has('head')) await new Promise((sent) => response.write('beginning', sent))
    response.socket?.resetAndDestroy()
  },
}

async function readAll(request: IncomingMessage) {
  const hash = createHash('sha256')
  let bytes = 0
  let beginning = ''
  for await (const chunk of request) {
    if (!(chunk instanceof Buffer)) throw new TypeError('a request body is read in buffers')
    hash.update(chunk)
    bytes += chunk.length
    if (beginning.length < 1024) beginning += chunk.toString().slice(0, 1024 - beginning.length)
  }
  return { digest: hash.digest('hex'), bytes, beginning }
}

const CHUNK_BYTES = 64 * 1024

/** A body of this size whose chunks differ, so that a lost or swapped one changes the digest. */
export function* patternOf(bytes: number): Generator<Uint8Array> {
  for (let sent = 0; sent < bytes; sent += CHUNK_BYTES) {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, bytes - sent)).fill(sent / CHUNK_BYTES)
    yield chunk
  }
}
