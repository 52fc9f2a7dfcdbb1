import { DurableObject } from 'cloudflare:workers'
import { createGate, jwt } from 'portico'
import { identityOf } from 'portico/room'

interface Env {
  CHAT_ROOM: DurableObjectNamespace<ChatRoom>
  JWT_SECRET: string
}

export class ChatRoom extends DurableObject<Env> {
  override fetch(request: Request): Response {
    const username = identityOf(request)?.username
    if (request.headers.get('upgrade') !== 'websocket') return Response.json({ hello: username })
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server)
    server.serializeAttachment(username)
    return new Response(null, { status: 101, webSocket: client })
  }

  override webSocketMessage(sender: WebSocket, message: string): void {
    const line = `${sender.deserializeAttachment()}: ${message}`
    for (const socket of this.ctx.getWebSockets()) socket.send(line)
  }

  override webSocketClose(socket: WebSocket): void {
    socket.close()
  }
}

export default createGate((env: Env) => ({
  verify: jwt({ issuer: 'https://example.com', audience: 'own-room', secret: env.JWT_SECRET }),
  rooms: { main: { binding: env.CHAT_ROOM } },
}))
