// A whiteboard for everybody who has a link to it. It knows nothing of tokens: the gate in front says
// who is there. It listens where only the gate can reach it, since whoever reaches it directly can
// write any name into the header.
import { createServer } from 'node:http'
import process from 'node:process'
import { WebSocketServer } from 'ws'
import { answerTo, send } from './pages.mjs'
import { personOf } from './person.mjs'
import { createRoom } from './room.mjs'

const { env } = process
const { HOST = '127.0.0.1', PORT = '8080', TITLE = 'Whiteboard' } = env
const { SESSION_BACKEND_ID: backendId = '', SESSION_BACKEND_STATIC_TOKEN: staticToken } = env

const MAX_MESSAGE_BYTES = 4096
const GOING_AWAY = 1001
const MAX_GOODBYE_MS = 2000

const room = createRoom({ title: TITLE, backendId })
const sockets = new WebSocketServer({
  noServer: true,
  maxPayload: MAX_MESSAGE_BYTES,
  perMessageDeflate: false,
})

const server = createServer((request, response) => {
  const isHead = request.method === 'HEAD'
  if (request.method !== 'GET' && !isHead) {
    response.setHeader('connection', 'close')
    const body = 'This can only be read.\n'
    return send(response, { status: 405, type: 'text/plain', body }, false)
  }
  return send(response, answerTo(pathOf(request), personOf(request.headers, 'Guest')), isHead)
})

server.on('upgrade', (request, socket, head) => {
  if (pathOf(request) !== '/socket') {
    socket.on('error', () => socket.destroy())
    return socket.end('HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
  }
  return sockets.handleUpgrade(request, socket, head, (opened) => {
    room.enter(opened, request.headers)
  })
})

/** A connection token is taken off by the gate; the static token of a whole backend stays on. */
function pathOf({ url }) {
  const [path] = url.split('?', 1)
  const prefix = `/${staticToken}`
  return staticToken !== undefined && path.startsWith(`${prefix}/`)
    ? path.slice(prefix.length)
    : path
}

server.listen(Number(PORT), HOST, () => {
  console.log(`listening on http://${HOST}:${server.address().port}`)
})

function end() {
  server.close()
  for (const socket of sockets.clients) socket.close(GOING_AWAY, 'the whiteboard is closing')
  setTimeout(() => process.exit(), MAX_GOODBYE_MS).unref()
}
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end)
