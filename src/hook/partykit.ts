import type { RoomLobby } from './lobby.ts'

/*
 * The type names that PartyKit's guide uses, so that its examples compile with
 * `import { type Party } from 'portico'`. A room itself is a partyserver `Server`, or any other
 * Durable Object class.
 */

type PartyRequest = globalThis.Request

export type { PartyRequest as Request }

// PartyKit types its environment variables loosely, and its examples rely on that.
export type Lobby = RoomLobby<Record<string, string | undefined>>

export interface Connection extends WebSocket {
  readonly id: string
}

export interface ConnectionContext {
  readonly request: PartyRequest
}

/** The methods of a PartyKit room that its examples implement. */
export interface Server {
  onConnect?(connection: Connection, context: ConnectionContext): unknown
  onRequest?(request: PartyRequest): Response | Promise<Response>
}
