import { BEARER_PROTOCOL, credentialParameters, type Carriers } from './carriers.ts'
import { withoutCookies } from './cookie-header.ts'
import { protocolsOf } from './find-credential.ts'
import { withoutParameter } from './query-string.ts'

/** The query string without the credential, its other bytes untouched. */
export function takeFromSearch(search: string, carriers: Carriers): string {
  if (search === '') return search
  return credentialParameters(carriers).reduce(withoutParameter, search)
}

/**
 * Takes the credential out of every carrier that the route allows, also out of those that were not
 * looked at because another one won.
 *
 * @param names the headers that there are: to ask the platform for one that is not there takes time
 */
export function takeFromHeaders(
  headers: Headers,
  names: readonly string[],
  carriers: Carriers,
): void {
  if (carriers.authorization) headers.delete('authorization')
  if (carriers.header !== false) headers.delete(carriers.header)
  if (names.includes('cookie')) {
    takeFromCookie(headers, [...carriers.cookie, ...carriers.dropCookies])
  }
  if (carriers.subprotocol && names.includes('sec-websocket-protocol')) takeFromProtocols(headers)
  if (names.includes('referer')) {
    for (const parameter of credentialParameters(carriers)) takeFromReferer(headers, parameter)
  }
}

/** Takes cookies out that hold credentials. */
export function takeFromCookie(headers: Headers, names: readonly string[]): void {
  const header = headers.get('cookie')
  if (header === null || !names.some((name) => header.includes(name))) return
  const kept = withoutCookies(header, names)
  // Written only where it changed: workerd logs the whole of a non-ASCII header that is set.
  if (kept !== header) setOrDelete(headers, 'cookie', kept)
}

function takeFromProtocols(headers: Headers): void {
  const offered = protocolsOf(headers)
  const kept = offered.filter((protocol) => !protocol.startsWith(BEARER_PROTOCOL))
  if (kept.length === offered.length) return
  setOrDelete(headers, 'sec-websocket-protocol', kept.join(', '))
}

/** The page that opened the connection may itself have been reached with the token in its URL. */
function takeFromReferer(headers: Headers, parameter: string): void {
  const referer = headers.get('referer')
  const queryAt = referer?.indexOf('?') ?? -1
  if (referer === null || queryAt === -1) return
  const kept = referer.slice(0, queryAt) + withoutParameter(referer.slice(queryAt), parameter)
  if (kept !== referer) headers.set('referer', kept)
}

function setOrDelete(headers: Headers, name: string, value: string): void {
  if (value === '') headers.delete(name)
  else headers.set(name, value)
}
