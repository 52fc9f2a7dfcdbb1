import type { RoomLobby } from './lobby.ts'

/*
 * The type names that PartyKit's guide uses, so that its examples compile with
 * `import { type Party } from 'portico'`. A room itself is a partyserver `Server`, or any other
 * Durable Object class.
 */

type PartyRequest = globalThis.Request

export type { PartyRequest as Request }

// PartyKit's classes read `lobby.env.NAME` without a cast, and must fit a Worker with any `Env`.
// oxlint-disable-next-line typescript/no-explicit-any
export type Lobby = RoomLobby<any, unknown>

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
