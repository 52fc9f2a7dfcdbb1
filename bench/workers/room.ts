import { DurableObject } from 'cloudflare:workers'

/** What each Worker here is bound to. */
export interface Env {
  readonly ROOM: DurableObjectNamespace<Room>
  /** PEM of the key that the token was signed with. */
  readonly PUBLIC_KEY: string
}

/** The least that a room can do, and a count of how often any room was called. */
export class Room extends DurableObject {
  static calls = 0

  override async fetch(request: Request): Promise<Response> {
    Room.calls += 1
    return new Response(request.url.endsWith('/calls') ? String(Room.calls) : 'hello')
  }
}
