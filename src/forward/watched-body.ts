import { askWhileOpen, type Welcome } from './while-open.ts'

/** A body of this size is in the platform's buffers before anyone would be asked about it. */
const SHORT_BYTES = 64 * 1024

/**
 * The body of a response that may last, broken off as soon as it is no longer welcome. The bytes
 * are moved by the platform and never seen here.
 */
export function watchedBody(response: Response, welcome: Welcome): ReadableStream | null {
  const { body, headers } = response
  const length = headers.get('content-length')
  if (body === null || (length !== null && Number(length) <= SHORT_BYTES)) return body
  // Without its length, `Content-Length` would become chunks.
  const { readable, writable } =
    length === null ? new IdentityTransformStream() : new FixedLengthStream(Number(length))
  const breaker = new AbortController()
  let isOpen = true
  const ended = () => void (isOpen = false)
  // A rejection is a caller or a backend that went away, which both sides see by themselves.
  body.pipeTo(writable, { signal: breaker.signal }).then(ended, ended)
  void breakWhenUnwelcome(breaker, welcome, () => isOpen)
  return readable
}

async function breakWhenUnwelcome(
  breaker: AbortController,
  welcome: Welcome,
  isOpen: () => boolean,
): Promise<void> {
  const refusal = await askWhileOpen(welcome, isOpen)
  if (refusal !== undefined) breaker.abort(new Error(refusal.code))
}
