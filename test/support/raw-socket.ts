import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * Writes a request byte for byte and leaves the connection open.
 *
 * @param lines request line and headers, without the empty line at the end
 */
export function openRaw(port: number, lines: readonly string[], body = ''): Socket {
  const socket = connect(port, '127.0.0.1')
  // A reset is what some tests provoke, and what the others see as a response that is too short.
  socket.on('error', () => {})
  socket.write([...lines, '', body].join('\r\n'))
  return socket
}

export const WEBSOCKET_HANDSHAKE = [
  'Host: gate.example',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
]

/** Opens a WebSocket with headers that no client would send, and reads the first message. */
export async function firstMessageOf(
  port: number,
  target: string,
  headers: readonly string[],
): Promise<string> {
  const socket = openRaw(port, [`GET ${target} HTTP/1.1`, ...WEBSOCKET_HANDSHAKE, ...headers])
  let received = Buffer.alloc(0)
  for (;;) {
    const message = textFrame(received)
    if (message !== undefined) {
      socket.resetAndDestroy()
      return message
    }
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    received = Buffer.concat([received, chunk])
    if (!'HTTP/1.1 101'.startsWith(received.toString('latin1', 0, 12))) {
      throw new Error(`no upgrade: ${received.toString()}`)
    }
  }
}

/** The first frame after the handshake's response (RFC 6455, section 5.2), once it is whole. */
function textFrame(received: Buffer): string | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const frame = received.subarray(headEnd + 4)
  if (frame.length < 4) return undefined
  const short = frame.readUInt8(1)
  const [start, length] = short === 126 ? [4, frame.readUInt16BE(2)] : [2, short]
  return frame.length < start + length ? undefined : frame.toString('utf8', start, start + length)
}
