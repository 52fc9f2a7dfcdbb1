import type { Operation } from './operation.ts'

/** The claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>

/** The organisation (tenant, team) that a caller acts in, as far as the token tells. */
export interface Organization {
  readonly id: string
  readonly slug?: string
  /** The caller's roles in it, as the issuer names them: `org:admin`. */
  readonly roles: readonly string[]
  readonly permissions: readonly string[]
}

/** What a room or a backend is told about a caller. */
export interface Caller<Data = Claims> {
  readonly issuer: string
  readonly subject: string
  /** The name to show: the subject, unless the verifier names another claim. */
  readonly username: string
  /** The session (`sid`) that the token belongs to, where the issuer has sessions. */
  readonly session: string | undefined
  /** Absent where the verifier knows of none. */
  readonly organization?: Organization | undefined
  /** The forwarded claims. */
  readonly userData: Data
  /** What the caller may do at this room or backend; absent where the gate has no policy. */
  readonly permissions?: readonly Operation[] | undefined
}

/** What a verifier proved. Deeply frozen, because one object serves every request with that token. */
export interface Identity<C = Claims> extends Omit<Caller, 'permissions'> {
  readonly tokenId: string | undefined
  /** The caller's roles outside of an organisation; absent where the verifier knows of none. */
  readonly roles?: readonly string[]
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Every claim of the token. */
  readonly claims: C
}
