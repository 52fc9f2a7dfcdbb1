import type { Claims } from './identity.ts'

/** Who comes with a connection token: what the application said of them when it asked for it. */
export interface Connection<Data = Claims> {
  /** The backend's id. */
  readonly backend: string
  /** `user` of the connect call. */
  readonly username: string | undefined
  /** `auth` of the connect call; `undefined` with a static token. */
  readonly userData: Data | undefined
  /** The connection's `secret_token`, empty with a static token: for a check of your own. */
  readonly secret: string
}

/**
 * The connection that the gate let in, read from the request that a room or a backend on Workers
 * received.
 *
 * @returns `undefined` for a caller who came with another credential; see `identityOf`
 */
export function connectionOf<Data = Claims>(request: Request): Connection<Data> | undefined {
  const backend = request.headers.get('x-verified-backend')
  const secret = request.headers.get('x-verified-secret')
  if (backend === null || secret === null) return undefined
  const username = request.headers.get('x-verified-username')
  const userData = request.headers.get('x-verified-user-data')
  return {
    backend,
    username: username === null ? undefined : decodeURIComponent(username),
    // The gate wrote this header itself and dropped the caller's own, so its shape is the application's.
    userData: userData === null ? undefined : (JSON.parse(userData) as Data),
    secret,
  }
}
