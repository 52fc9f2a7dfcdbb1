import { Server, type Connection, type ConnectionContext } from 'partyserver'
import { identityOf } from '../room.ts'

/** What is remembered of a person for as long as the socket is open. */
interface Member {
  readonly username: string
}

/** The demo's room: a chat in which every name is one that the gate verified. */
export class ChatRoom extends Server<Cloudflare.Env> {
  static override options = { hibernate: true }

  override onConnect(connection: Connection<Member>, { request }: ConnectionContext): void {
    const caller = identityOf(request)
    if (caller === undefined) return connection.close(4401, '{"code":"credential_missing"}')
    connection.setState({ username: caller.username })
    this.broadcast(JSON.stringify({ type: 'joined', from: caller.username }))
  }

  override onMessage(connection: Connection<Member>, message: string | ArrayBuffer): void {
    const from = connection.state?.username
    if (from === undefined || typeof message !== 'string') return
    this.broadcast(JSON.stringify({ type: 'said', from, text: message.slice(0, MAX_TEXT) }))
  }

  override onClose(connection: Connection<Member>): void {
    const from = connection.state?.username
    if (from !== undefined) this.broadcast(JSON.stringify({ type: 'left', from }), [connection.id])
  }

  /** Shows what a room is told about its caller. */
  override onRequest(request: Request): Response {
    const verified = [...request.headers].filter(([name]) => name.startsWith('x-verified-'))
    return Response.json({ room: this.name, headers: Object.fromEntries(verified) })
  }
}

const MAX_TEXT = 2000
