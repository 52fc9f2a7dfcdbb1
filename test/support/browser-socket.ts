import { once } from 'node:events'
import { WebSocket } from 'ws'

export const PAGE_ORIGIN = 'https://app.example'

/** A socket as a page opens it: `ws`, with the `Origin` that a browser adds. */
export class BrowserSocket extends WebSocket {
  constructor(url: string | URL, protocols: string | string[] = []) {
    super(url, protocols, { origin: PAGE_ORIGIN })
  }
}

/** How a handshake that was not accepted was answered, which only clients other than browsers see. */
export async function refusedHandshake(
  socket: WebSocket,
): Promise<{ status: number; body: string; headers: Record<string, unknown> }> {
  const [, response] = (await once(socket, 'unexpected-response')) as [
    unknown,
    AsyncIterable<Buffer> & { statusCode: number; headers: Record<string, unknown> },
  ]
  let body = ''
  for await (const chunk of response) body += chunk.toString()
  return { status: response.statusCode, body, headers: response.headers }
}

/** The code and the reason with which a socket is closed. */
export async function closing(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer]
  return { code, reason: reason.toString() }
}
