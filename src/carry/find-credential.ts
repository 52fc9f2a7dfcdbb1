import { ok, refuse, type Result } from '../refusal/refusal.ts'
import {
  BEARER_PROTOCOL,
  credentialParameters,
  TICKET_PARAMETER,
  type Carrier,
  type Carriers,
} from './carriers.ts'
import { cookiePairs } from './cookie-header.ts'
import { queryPairs } from './query-string.ts'

export interface Credential {
  readonly token: string
  readonly carrier: Carrier
}

/**
 * Finds the credential on the carriers that the route allows. `Authorization` wins, and a bad one
 * never falls back to another carrier; what a page sets on purpose (query, subprotocol) wins over
 * what a proxy or a browser adds by itself (header, cookie). Two different values on one carrier are refused, since
 * the gate and the backend might each pick another.
 *
 * @param search the query string of the request as it came
 */
export function findCredential(
  headers: Headers,
  search: string,
  carriers: Carriers,
): Result<Credential | undefined> {
  if (carriers.authorization) {
    const header = headers.get('authorization')
    if (header !== null) return fromAuthorization(header)
  }
  const inQuery = search === '' ? undefined : fromQuery(search, carriers)
  if (inQuery !== undefined) return inQuery
  if (carriers.subprotocol) {
    const values = protocolsOf(headers).flatMap((protocol) =>
      protocol.startsWith(BEARER_PROTOCOL) ? [protocol.slice(BEARER_PROTOCOL.length)] : [],
    )
    const found = single('subprotocol', values)
    if (found !== undefined) return found
  }
  if (carriers.header !== false) {
    // Repeated headers arrive joined by commas.
    const values = headers.get(carriers.header)?.split(',') ?? []
    const found = single(
      'header',
      values.map((value) => value.trim()),
    )
    if (found !== undefined) return found
  }
  const cookies = carriers.cookie.length === 0 ? null : headers.get('cookie')
  const pairs = cookies === null ? [] : cookiePairs(cookies)
  for (const cookie of carriers.cookie) {
    const values = pairs.flatMap((pair) => (pair.name === cookie ? [pair.value] : []))
    const found = single('cookie', values)
    if (found !== undefined) return found
  }
  return ok(undefined)
}

/** What comes as a ticket is one and nothing else, or tokens would pass in URLs where `query` is off. */
function fromQuery(search: string, carriers: Carriers): Result<Credential> | undefined {
  const parameters = credentialParameters(carriers)
  const pairs = queryPairs(search).filter(
    ({ name, value }) => value !== '' && parameters.includes(name),
  )
  const found = single(
    'query',
    pairs.map(({ value }) => value),
  )
  const isTicket = carriers.ticket && pairs.some(({ name }) => name === TICKET_PARAMETER)
  return isTicket && found?.ok ? ok({ ...found.value, carrier: 'ticket' }) : found
}

/** The subprotocols that the client offers, the credential's among them. */
export function protocolsOf(headers: Headers): string[] {
  const header = headers.get('sec-websocket-protocol')
  if (header === null) return []
  // An empty member of a list counts as none (RFC 9110, section 5.6.1).
  const offered = header.split(',').map((protocol) => protocol.trim())
  return offered.filter((protocol) => protocol !== '')
}

/** Repeated headers arrive joined by commas, and no token holds a comma. */
function fromAuthorization(header: string): Result<Credential> {
  const [, only] = /^bearer +([^ \t,]+)$/i.exec(header) ?? []
  if (only !== undefined) return ok({ token: only, carrier: 'authorization' })
  const tokens = new Set<string>()
  for (const part of header.split(',')) {
    const [, scheme, parameter] = /^[ \t]*(?:(bearer) +)?([^ \t]+)[ \t]*$/i.exec(part) ?? []
    const isSchemeAlone = scheme === undefined && /^bearer$/i.test(parameter ?? '')
    if (parameter === undefined || isSchemeAlone) {
      return refuse('token_malformed', 'the Authorization header is not "Bearer <token>"')
    }
    tokens.add(parameter)
  }
  return single('authorization', [...tokens]) ?? refuse('token_malformed', 'no token')
}

/** An empty value counts as none: signing out commonly leaves an empty cookie or parameter behind. */
function single(carrier: Carrier, values: readonly string[]): Result<Credential> | undefined {
  const [token, ...others] = new Set(values.filter((value) => value !== ''))
  if (token === undefined) return undefined
  if (others.length > 0) {
    return refuse('credential_ambiguous', `two different credentials came by ${carrier}`)
  }
  return ok({ token, carrier })
}
