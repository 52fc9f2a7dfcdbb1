import { BEARER_PROTOCOL, type Carriers } from './carriers.ts'
import { cookiePairs } from './cookie-header.ts'
import { protocolsOf } from './find-credential.ts'
import { withoutParameter } from './query-string.ts'

/** The query string without the credential, its other bytes untouched. */
export function takeFromSearch(search: string, carriers: Carriers): string {
  if (search === '' || carriers.query === false) return search
  return withoutParameter(search, carriers.query)
}

/**
 * Takes the credential out of every carrier that the route allows, also out of those that were not
 * looked at because another one won.
 */
export function takeFromHeaders(headers: Headers, carriers: Carriers): void {
  if (carriers.authorization) headers.delete('authorization')
  if (carriers.cookie !== false) takeFromCookie(headers, carriers.cookie)
  if (carriers.subprotocol) takeFromProtocols(headers)
  if (carriers.query !== false) takeFromReferer(headers, carriers.query)
}

function takeFromCookie(headers: Headers, name: string): void {
  const header = headers.get('cookie')
  if (header === null || !header.includes(name)) return
  const kept = cookiePairs(header).filter((pair) => pair.name !== name)
  setOrDelete(headers, 'cookie', kept.map((pair) => pair.text).join('; '))
}

function takeFromProtocols(headers: Headers): void {
  if (!headers.has('sec-websocket-protocol')) return
  const kept = protocolsOf(headers).filter((protocol) => !protocol.startsWith(BEARER_PROTOCOL))
  setOrDelete(headers, 'sec-websocket-protocol', kept.join(', '))
}

/** The page that opened the connection may itself have been reached with the token in its URL. */
function takeFromReferer(headers: Headers, parameter: string): void {
  const referer = headers.get('referer')
  const queryAt = referer?.indexOf('?') ?? -1
  if (referer === null || queryAt === -1) return
  const search = withoutParameter(referer.slice(queryAt), parameter)
  headers.set('referer', referer.slice(0, queryAt) + search)
}

function setOrDelete(headers: Headers, name: string, value: string): void {
  if (value === '') headers.delete(name)
  else headers.set(name, value)
}
