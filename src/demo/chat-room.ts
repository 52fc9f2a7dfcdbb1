import { Server, type Connection, type ConnectionContext } from 'partyserver'
import { identityOf } from '../room.ts'

/** What is remembered of a person for as long as the socket is open. */
interface Member {
  readonly username: string
}

type RoomMessage =
  | { readonly type: 'welcome'; readonly you: string; readonly present: readonly string[] }
  | { readonly type: 'joined' | 'left'; readonly from: string }
  | { readonly type: 'said'; readonly from: string; readonly text: string }

const MAX_TEXT_CHARACTERS = 2000

/** The demo's room: a chat in which every name is one that the gate verified. */
export class ChatRoom extends Server<Cloudflare.Env> {
  // The socket's state is kept with the socket, so the room may sleep while nobody speaks.
  static override options = { hibernate: true }

  override onConnect(connection: Connection<Member>, { request }: ConnectionContext): void {
    const caller = identityOf(request)
    if (caller === undefined) return connection.close(4401, '{"code":"credential_missing"}')
    const you = caller.username
    connection.setState({ username: you })
    connection.send(encode({ type: 'welcome', you, present: this.#present() }))
    this.broadcast(encode({ type: 'joined', from: you }), [connection.id])
  }

  override onMessage(connection: Connection<Member>, message: string | ArrayBuffer): void {
    const from = connection.state?.username
    if (from === undefined || typeof message !== 'string') return
    const text = message.trim().slice(0, MAX_TEXT_CHARACTERS)
    if (text !== '') this.broadcast(encode({ type: 'said', from, text }))
  }

  override onClose(connection: Connection<Member>): void {
    const from = connection.state?.username
    if (from !== undefined) this.broadcast(encode({ type: 'left', from }), [connection.id])
  }

  /** Shows what a room is told about its caller. */
  override onRequest(request: Request): Response {
    const verified = [...request.headers].filter(([name]) => name.startsWith('x-verified-'))
    return Response.json({ room: this.name, headers: Object.fromEntries(verified) })
  }

  #present(): string[] {
    const names = [...this.getConnections<Member>()].map(({ state }) => state?.username)
    return [...new Set(names.filter((name) => name !== undefined))]
  }
}

function encode(message: RoomMessage): string {
  return JSON.stringify(message)
}
