import type { PartySocketOptions } from 'partysocket'

/** Where this page's room is, for PartySocket and for `fetch`. */
export interface Gate {
  readonly room: string
  /** Whether the gate mints development tokens. */
  readonly canMint: boolean
  readonly path: string
  readonly socket: Pick<PartySocketOptions, 'host' | 'protocol' | 'party' | 'room'>
}

export function gateFrom(body: HTMLElement): Gate {
  const { room = 'lobby', canMint } = body.dataset
  // PartySocket puts the name into its URL as it is.
  const segment = encodeURIComponent(room)
  const protocol = location.protocol === 'https:' ? 'wss' : 'ws'
  return {
    room,
    canMint: canMint === 'true',
    path: `/party/${segment}`,
    socket: { host: location.host, protocol, party: 'main', room: segment },
  }
}
