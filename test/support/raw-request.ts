import { connect } from 'node:net'

/**
 * Sends a request byte for byte, as no HTTP client would let one send it.
 *
 * @param lines request line and headers, without the empty line at the end
 * @returns the whole response, as text
 */
export async function rawRequest(port: number, lines: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.write([...lines, 'Connection: close', '', ''].join('\r\n'))
  let response = ''
  for await (const chunk of socket) response += String(chunk)
  return response
}
