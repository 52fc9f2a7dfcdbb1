/** Where a backend's requests go. */
export type BackendAddress =
  | { readonly kind: 'origin'; readonly origin: string }
  | { readonly kind: 'room'; readonly party: string; readonly room: string }
  | { readonly kind: 'service'; readonly service: string }

/** What a backend is, decided when it is made and never changed. */
export interface BackendPlan {
  readonly id: string
  /** What holds it, so that there is no second one; `undefined` for a backend without a key. */
  readonly key: BackendKeyName | undefined
  /** As the connect call gave it. */
  readonly executable: unknown
  /** `undefined` until its spawner tells where it serves. */
  readonly address: BackendAddress | undefined
  /** `host` or `host:port`, under which its URLs stand; `undefined`: the host of each connect call. */
  readonly cluster: string | undefined
  readonly subdomain: string | undefined
  readonly lifetimeLimitSeconds: number | undefined
  readonly maxIdleSeconds: number | undefined
  /** One token for the whole backend, instead of one for each connection. */
  readonly hasStaticToken: boolean
  /** Whether anyone who knows its name may go to it, as to Jamsocket's without a bearer token. */
  readonly isOpen: boolean
}

export interface BackendKeyName {
  readonly namespace: string
  readonly name: string
}
