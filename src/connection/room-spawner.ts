import { soleMember, type AddressSpawner } from './address-spawner.ts'

const MAX_ROOM_BYTES = 512

/**
 * `{"room": {"party": "main", "room": "doc-1"}}`: a room as a backend.
 *
 * @param parties the only ones that can be reached
 */
export function roomSpawner(parties: ReadonlySet<string>): AddressSpawner {
  return {
    addressOf(executable) {
      const given = soleMember(executable, 'room')
      if (given === undefined) return undefined
      if (typeof given !== 'object' || given === null || Object.keys(given).length !== 2) {
        return 'room: expected {"party","room"}'
      }
      const party: unknown = Reflect.get(given, 'party')
      const room: unknown = Reflect.get(given, 'room')
      if (typeof party !== 'string' || !parties.has(party))
        return 'room.party: there is no such party'
      // In a path the platform resolves dot segments, and the room would see another path.
      const isName = typeof room === 'string' && /^(?!\.{0,2}$)/.test(room) && room.isWellFormed()
      if (!isName || new TextEncoder().encode(room).length > MAX_ROOM_BYTES) {
        return `room.room: expected text of 1 to ${MAX_ROOM_BYTES} bytes`
      }
      return { kind: 'room', party, room }
    },
  }
}
