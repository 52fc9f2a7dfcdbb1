// A session backend as products have them: HTTP, WebSocket, server-sent events and socket.io.
import { createServer } from 'node:http'
import process from 'node:process'
import { Server } from 'socket.io'
import { WebSocketServer } from 'ws'

const { PORT, HOST } = process.env

const server = createServer((request, response) => {
  if (request.url === '/exit') process.exit(5)
  if (request.url === '/events') {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: open\n\n')
    return
  }
  const { url, headers } = request
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ url, headers, environment: process.env, pid: process.pid }))
})

const sockets = new WebSocketServer({ noServer: true })
server.on('upgrade', (request, socket, head) => {
  if (request.url?.startsWith('/socket.io/') === true) return
  sockets.handleUpgrade(request, socket, head, (client) => {
    client.send(JSON.stringify({ url: request.url, headers: request.headers }))
    client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
  })
})

new Server(server, { destroyUpgrade: false }).on('connection', (socket) => {
  const { headers } = socket.handshake
  socket.emit('who', headers['x-verified-username'])
  socket.on('say', (text: string, tell: (heard: string) => void) => tell(`heard ${text}`))
})

server.listen(Number(PORT), HOST)
process.on('SIGTERM', () => process.exit(0))
