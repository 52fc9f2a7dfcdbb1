/**
 * A request that is ready to be sent. Sending makes it a `Request`; making one before that would
 * cost the Worker as much as all the checks of the gate.
 */
export interface Outgoing {
  /** A `Request` where it has a body that only that can hold. */
  readonly url: string | Request
  readonly init: RequestInit & { readonly headers: Headers }
}
