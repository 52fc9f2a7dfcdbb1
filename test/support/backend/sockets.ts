import type { IncomingMessage, Server } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'
import type { Line } from './answers.ts'
import { seen } from './seen.ts'

/**
 * An echo over WebSocket that first tells what it saw of the upgrade. It selects the subprotocol
 * that the query asks for, and the text `close <code> <reason>` makes it close.
 */
export function acceptSockets(server: Server, line: Line): void {
  const sockets = new WebSocketServer({
    noServer: true,
    handleProtocols: (_offered, request) => queryOf(request).get('select') ?? false,
  })
  server.on('upgrade', (request: IncomingMessage, socket, head) => {
    if (request.url?.startsWith('/status') === true) {
      socket.end('HTTP/1.1 409 Conflict\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfull')
      return
    }
    sockets.handleUpgrade(request, socket, head, (opened) => serve(opened, request, line))
  })
}

function serve(socket: WebSocket, request: IncomingMessage, line: Line): void {
  socket.send(JSON.stringify(seen(request)))
  socket.on('message', (data: Buffer, isBinary) => {
    const [word, code, reason] = isBinary ? [] : data.toString().split(' ')
    if (word === 'close') socket.close(Number(code), reason)
    else if (word === 'drop') socket.terminate()
    else socket.send(data, { binary: isBinary })
  })
  socket.on('close', (code, reason) => line.tell(`closed ${code} ${reason.toString()}`.trimEnd()))
  socket.on('error', () => socket.terminate())
}

function queryOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URL(url, 'http://backend').searchParams
}
