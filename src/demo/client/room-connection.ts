import { PartySocket } from 'partysocket'
import { isFinal, refusalCode } from './close-reason.ts'
import type { Gate } from './gate.ts'
import type { Session } from './session.ts'

export type RoomMessage =
  | { readonly type: 'welcome'; readonly you: string; readonly present: readonly string[] }
  | { readonly type: 'joined' | 'left'; readonly from: string }
  | { readonly type: 'said'; readonly from: string; readonly text: string }

export interface RoomListener {
  readonly onMessage: (message: RoomMessage) => void
  /** Another token is in use. */
  readonly onToken: () => void
  /** The connection is gone, and will be tried again. */
  readonly onLost: (why: string) => void
  /** Portico said no, and would again. */
  readonly onRefused: (why: string) => void
}

export interface RoomConnection {
  readonly say: (text: string) => void
  readonly reconnect: () => void
  readonly close: () => void
}

/** Keeps a visitor connected to the room, with a fresh token for every connection. */
export function connectToRoom(
  gate: Gate,
  session: Session,
  listener: RoomListener,
): RoomConnection {
  let isClosed = false
  const socket = new PartySocket({
    ...gate.socket,
    query: async () => {
      const token = await session.next()
      if (!isClosed) listener.onToken()
      return { token }
    },
    shouldReconnectOnClose: (event) => !isFinal(event.code, session.isRenewable),
  })
  socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
    // The page trusts its own room with the shape of a message, and nobody with the text in it.
    if (!isClosed) listener.onMessage(JSON.parse(data) as RoomMessage)
  })
  socket.addEventListener('error', () => {
    if (!isClosed) listener.onLost('No answer, trying again…')
  })
  socket.addEventListener('close', ({ code, reason }) => {
    if (isClosed) return
    const refusal = refusalCode(reason)
    if (isFinal(code, session.isRenewable)) {
      isClosed = true
      return listener.onRefused(refusal === undefined ? `${code}` : `${refusal} (${code})`)
    }
    listener.onLost(refusal === 'token_expired' ? 'Expired, renewing…' : 'Reconnecting…')
  })
  return {
    say: (text) => socket.send(text),
    reconnect: () => socket.reconnect(),
    close() {
      isClosed = true
      socket.close()
    },
  }
}
