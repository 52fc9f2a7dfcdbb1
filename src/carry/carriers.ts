/** Where a credential may be carried. */
export type Carrier = 'authorization' | 'query' | 'ticket' | 'subprotocol' | 'header' | 'cookie'

/** The carriers of a route. `false` turns one off, and what it carries is then forwarded untouched. */
export interface CarrierOptions {
  /** `Authorization: Bearer <token>`, or the bare token as PartyKit's guide sends it. Default `true`. */
  readonly authorization?: boolean
  /** Name of the query parameter. Default `token`. */
  readonly query?: string | false
  /** Name of the cookie, or several, of which the first that is there counts. Default `__session`. */
  readonly cookie?: string | readonly string[] | false
  /** Name of a header that a proxy in front of the gate puts the token in. Default `false`. */
  readonly header?: string | false
  /** `Sec-WebSocket-Protocol: portico.bearer.<token>, <the application's own>`. Default `true`. */
  readonly subprotocol?: boolean
  /** Cookies that are taken out beside the credential and never read: what renews it, for example. */
  readonly dropCookies?: readonly string[]
}

export interface Carriers {
  readonly authorization: boolean
  readonly query: string | false
  /** Empty: turned off. */
  readonly cookie: readonly string[]
  readonly header: string | false
  readonly subprotocol: boolean
  readonly dropCookies: readonly string[]
  /** Whether the gate issues tickets, which then come as `?ticket=…`. */
  readonly ticket: boolean
}

export const DEFAULT_CARRIERS: Carriers = {
  authorization: true,
  query: 'token',
  cookie: ['__session'],
  header: false,
  subprotocol: true,
  dropCookies: [],
  ticket: false,
}

/** For what a page of another origin must not do: it can send a cookie or a query without asking first. */
export const AUTHORIZATION_ONLY: Carriers = {
  authorization: true,
  query: false,
  cookie: [],
  header: false,
  subprotocol: false,
  dropCookies: [],
  ticket: false,
}

export const BEARER_PROTOCOL = 'portico.bearer.'
export const TICKET_PARAMETER = 'ticket'

/** The query parameters that carry a credential. */
export function credentialParameters({ query, ticket }: Carriers): readonly string[] {
  return [...(query === false ? [] : [query]), ...(ticket ? [TICKET_PARAMETER] : [])]
}
