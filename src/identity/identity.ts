/** The claims of a verified token. */
export type Claims = Readonly<Record<string, unknown>>

/** What a room or a backend is told about a caller. */
export interface Caller<Data = Claims> {
  readonly issuer: string
  readonly subject: string
  /** The name to show: the subject, unless the verifier names another claim. */
  readonly username: string
  /** The session (`sid`) that the token belongs to, where the issuer has sessions. */
  readonly session: string | undefined
  /** The forwarded claims. */
  readonly userData: Data
}

/** What a verifier proved. Deeply frozen, because one object serves every request with that token. */
export interface Identity<C = Claims> extends Caller {
  readonly tokenId: string | undefined
  /** Seconds since the epoch. */
  readonly expiresAt: number
  /** Every claim of the token. */
  readonly claims: C
}
