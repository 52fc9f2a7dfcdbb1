/** Where a credential may be carried. */
export type Carrier = 'authorization' | 'query' | 'cookie' | 'subprotocol'

/** The carriers of a route. `false` turns one off, and what it carries is then forwarded untouched. */
export interface CarrierOptions {
  /** `Authorization: Bearer <token>`, or the bare token as PartyKit's guide sends it. Default `true`. */
  readonly authorization?: boolean
  /** Name of the query parameter. Default `token`. */
  readonly query?: string | false
  /** Name of the cookie. Default `__session`. */
  readonly cookie?: string | false
  /** `Sec-WebSocket-Protocol: portico.bearer.<token>, <the application's own>`. Default `true`. */
  readonly subprotocol?: boolean
}

export interface Carriers {
  readonly authorization: boolean
  readonly query: string | false
  readonly cookie: string | false
  readonly subprotocol: boolean
}

export const DEFAULT_CARRIERS: Carriers = {
  authorization: true,
  query: 'token',
  cookie: '__session',
  subprotocol: true,
}

export const BEARER_PROTOCOL = 'portico.bearer.'
