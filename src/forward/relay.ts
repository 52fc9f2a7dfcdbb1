import { refusalRules, type RefusalCode } from '../refusal/refusal.ts'
import { askWhileOpen, type Welcome } from './while-open.ts'

/**
 * Stands between the two ends of a socket, so that the gate can close it: what one end sends goes to
 * the other, until the socket is no longer welcome.
 *
 * @param upstream the socket of the backend's 101, which nobody has accepted yet
 * @returns the client's end, for the 101 that the client gets
 */
export function relaySocket(upstream: WebSocket, welcome: Welcome): WebSocket {
  const { 0: client, 1: downstream } = new WebSocketPair()
  const backend = endOf(upstream, { code: 1013, reason: reasonFor('backend_unavailable') })
  const caller = endOf(downstream, { code: 1001, reason: '' })
  join(backend, caller)
  join(caller, backend)
  // Last, since a socket holds its messages back until it is accepted. Half open, since the platform
  // would else answer a close by itself, before the other end has said its own.
  backend.socket.accept({ allowHalfOpen: true })
  caller.socket.accept({ allowHalfOpen: true })
  void closeWhenUnwelcome([backend, caller], welcome)
  return client
}

interface Close {
  readonly code: number
  readonly reason: string
}

interface End {
  readonly socket: WebSocket
  /** What the other end is told where this one has gone without a word. */
  readonly gone: Close
  /** Sending to it would throw. */
  isClosed: boolean
}

function endOf(socket: WebSocket, gone: Close): End {
  // A `Blob` is read later than the text that was sent after it.
  socket.binaryType = 'arraybuffer'
  return { socket, gone, isClosed: false }
}

function join(from: End, to: End): void {
  from.socket.addEventListener('message', ({ data }) => {
    if (!to.isClosed) to.socket.send(data)
  })
  from.socket.addEventListener('close', ({ code, reason }) => {
    close(to, { code, reason }, from.gone)
  })
  from.socket.addEventListener('error', () => {
    from.isClosed = true
    close(to, from.gone, from.gone)
  })
}

/** What is read where a close frame had no code, and what none may hold (RFC 6455, section 7.1.5). */
const NO_CODE = 1005

function close(end: End, { code, reason }: Close, otherwise: Close): void {
  if (end.isClosed) return
  end.isClosed = true
  try {
    if (code === NO_CODE) end.socket.close()
    else end.socket.close(code, reason)
  } catch {
    // No frame can carry 1006, which says that there was none; a peer may also send 1004 or 5000.
    end.socket.close(otherwise.code, otherwise.reason)
  }
}

async function closeWhenUnwelcome(ends: readonly End[], welcome: Welcome): Promise<void> {
  const refusal = await askWhileOpen(welcome, () => ends.every((end) => !end.isClosed))
  if (refusal === undefined) return
  const told = { code: refusalRules[refusal.code].close, reason: reasonFor(refusal.code) }
  for (const end of ends) close(end, told, told)
}

function reasonFor(code: RefusalCode): string {
  return JSON.stringify({ code })
}
