import { ok, refuse, type Result } from '../refusal/refusal.ts'

/** Names longer than this are refused before they become the name of an object. */
export const MAX_NAME_BYTES = 512

/** Where a path points to, before anyone asked whether that place exists. */
export type Destination =
  /** `rest` is what follows of the path, byte for byte: empty or starting with a slash. */
  | {
      readonly kind: 'room'
      readonly party: string
      readonly room: string
      readonly rest: string
    }
  /** `prefix` is the part of the path that names the backend; `rest` starts with a slash. */
  | {
      readonly kind: 'backend'
      readonly backend: string
      readonly prefix: string
      readonly rest: string
    }

export const DEFAULT_ROOM_PREFIX = 'parties'
const SHORT_PREFIX = '/party'
export const BACKENDS_PREFIX = '/backends'

/**
 * Reads the destination from a checked path.
 *
 * @param roomPrefix what stands before `/:party/:room`, without slashes at its ends
 * @returns `undefined` for a path that is none of the gate's
 */
export function destinationOf(path: string, roomPrefix: string): Result<Destination | undefined> {
  const party = below(path, `/${roomPrefix}`)
  if (party !== undefined) {
    const [partyName, rest = ''] = cutSegment(party)
    return roomDestination(decodeName('party', partyName), rest)
  }
  if (roomPrefix === DEFAULT_ROOM_PREFIX) {
    const room = below(path, SHORT_PREFIX)
    if (room !== undefined) return roomDestination(ok('main'), room)
  }
  const backend = below(path, BACKENDS_PREFIX)
  if (backend === undefined) return ok(undefined)
  const [backendName, rest = '/'] = cutSegment(backend)
  const name = decodeName('backend', backendName)
  if (!name.ok) return name
  const prefix = `${BACKENDS_PREFIX}/${backendName.slice(1)}`
  return ok({ kind: 'backend', backend: name.value, prefix, rest })
}

function roomDestination(party: Result<string>, rest: string): Result<Destination> {
  if (!party.ok) return party
  const [roomName, roomRest = ''] = cutSegment(rest)
  const room = decodeName('room', roomName)
  if (!room.ok) return room
  return ok({ kind: 'room', party: party.value, room: room.value, rest: roomRest })
}

/** What follows `prefix` where it ends on a segment's border: empty or starting with a slash. */
function below(path: string, prefix: string): string | undefined {
  if (!path.startsWith(prefix)) return undefined
  const rest = path.slice(prefix.length)
  return rest === '' || rest.startsWith('/') ? rest : undefined
}

/** `/a/b/c` becomes `/a` and `/b/c`. */
function cutSegment(path: string): [segment: string, rest: string | undefined] {
  const slash = path.indexOf('/', 1)
  return slash === -1 ? [path, undefined] : [path.slice(0, slash), path.slice(slash)]
}

/** Decodes exactly once, so that `a%2Fb` is the name `a/b` and `%252F` stays the text `%2F`. */
function decodeName(what: string, segment: string): Result<string> {
  const name = decodeURIComponent(segment.slice(1))
  if (name === '') return refuse('request_malformed', `the ${what} name is empty`)
  // A character takes at most three bytes, so that a usual name is not encoded only to be counted.
  const mayBeLong = name.length * 3 > MAX_NAME_BYTES
  if (mayBeLong && new TextEncoder().encode(name).length > MAX_NAME_BYTES) {
    return refuse('request_malformed', `the ${what} name is longer than ${MAX_NAME_BYTES} bytes`)
  }
  return ok(name)
}
