import type { TokenScope } from './token-scope.ts'

const HASH_BYTES = 32

/** A token as the store keeps it: only the hash of its random part, so that reading it gives none. */
export interface TokenRow extends TokenScope {
  readonly idHash: ArrayBuffer
  readonly user: string | undefined
  /** Compact JSON; `undefined` for a static token. */
  readonly auth: string | undefined
  readonly isStatic: boolean
  /** Seconds since the epoch, as `expiresAt` and `revokedAt`. */
  readonly issuedAt: number
  /** `undefined` for a static token, which lasts as long as its backend. */
  readonly expiresAt: number | undefined
  readonly usesLeft: number | undefined
  readonly revokedAt: number | undefined
}

/** Which tokens of a backend are meant. */
export type TokenSelector =
  | { readonly kind: 'all' }
  | { readonly kind: 'user'; readonly user: string }
  /** The beginning of `idHash`, as a token's public id holds it. */
  | { readonly kind: 'id'; readonly hashPrefix: ArrayBuffer }

// An alias and not an interface, since only an alias is a record of values to the type checker.
type Columns = {
  readonly id_hash: ArrayBuffer
  readonly user: string | null
  readonly auth: string | null
  readonly is_static: number
  readonly issued_at: number
  readonly expires_at: number | null
  readonly uses_left: number | null
  readonly origin: string | null
  readonly methods: string | null
  readonly path: string | null
  readonly revoked_at: number | null
}

export function addToken(sql: SqlStorage, token: TokenRow): void {
  sql.exec(
    'INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    token.idHash,
    token.user ?? null,
    token.auth ?? null,
    token.isStatic ? 1 : 0,
    token.issuedAt,
    token.expiresAt ?? null,
    token.usesLeft ?? null,
    token.origin ?? null,
    token.methods?.join(' ') ?? null,
    token.path ?? null,
    token.revokedAt ?? null,
  )
}

export function findToken(sql: SqlStorage, idHash: ArrayBuffer): TokenRow | undefined {
  const [row] = sql.exec<Columns>('SELECT * FROM tokens WHERE id_hash = ?', idHash).toArray()
  return row && tokenOf(row)
}

/** Counts one use, in one statement: of several requests at once no more get in than may. */
export function takeUse(sql: SqlStorage, idHash: ArrayBuffer): boolean {
  const taken = sql.exec(
    'UPDATE tokens SET uses_left = uses_left - 1 WHERE id_hash = ? AND uses_left > 0',
    idHash,
  )
  return taken.rowsWritten > 0
}

/**
 * Those that are used up too, since what came in with them may still be open.
 *
 * @returns how many it were, and whether the static one is among them
 */
export function revokeTokens(
  sql: SqlStorage,
  selector: TokenSelector,
  nowSeconds: number,
): { readonly revoked: number; readonly areStatic: boolean } {
  const [condition, ...values] = conditionOf(selector)
  const live = 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?)'
  const [counted] = sql
    .exec<{ revoked: number; statics: number }>(
      `SELECT count(*) AS revoked, total(is_static) AS statics FROM tokens WHERE ${live} AND ${condition}`,
      nowSeconds,
      ...values,
    )
    .toArray()
  const { revoked = 0, statics = 0 } = counted ?? {}
  const revoke = `UPDATE tokens SET revoked_at = ? WHERE ${live} AND ${condition}`
  sql.exec(revoke, nowSeconds, nowSeconds, ...values)
  return { revoked, areStatic: statics > 0 }
}

function conditionOf(selector: TokenSelector): readonly [string, ...(string | ArrayBuffer)[]] {
  if (selector.kind === 'all') return ['TRUE']
  if (selector.kind === 'user') return ['user = ?', selector.user]
  return ['id_hash BETWEEN ? AND ?', selector.hashPrefix, lastWith(selector.hashPrefix)]
}

/** The greatest hash that begins like this: a range is found by the index, a part of a hash is not. */
function lastWith(prefix: ArrayBuffer): ArrayBuffer {
  const hash = new Uint8Array(HASH_BYTES).fill(0xff)
  hash.set(new Uint8Array(prefix))
  return hash.buffer
}

/** @param after the hash of the last token of the page before, or empty */
export function pageOfTokens(sql: SqlStorage, after: ArrayBuffer, limit: number): TokenRow[] {
  return sql
    .exec<Columns>('SELECT * FROM tokens WHERE id_hash > ? ORDER BY id_hash LIMIT ?', after, limit)
    .toArray()
    .map(tokenOf)
}

/**
 * Forgets tokens whose time is over.
 *
 * @param limit how many at once, so that no alarm runs long
 */
export function forgetExpired(sql: SqlStorage, nowSeconds: number, limit: number): void {
  const expired = 'SELECT id_hash FROM tokens WHERE expires_at <= ? ORDER BY expires_at LIMIT ?'
  sql.exec(`DELETE FROM tokens WHERE id_hash IN (${expired})`, nowSeconds, limit)
}

/** When the next token expires, in seconds since the epoch. */
export function nextExpiry(sql: SqlStorage): number | undefined {
  const query = 'SELECT min(expires_at) AS at FROM tokens WHERE expires_at IS NOT NULL'
  return sql.exec<{ at: number | null }>(query).one().at ?? undefined
}

function tokenOf(row: Columns): TokenRow {
  return {
    idHash: row.id_hash,
    user: row.user ?? undefined,
    auth: row.auth ?? undefined,
    isStatic: row.is_static === 1,
    issuedAt: row.issued_at,
    expiresAt: row.expires_at ?? undefined,
    usesLeft: row.uses_left ?? undefined,
    origin: row.origin ?? undefined,
    methods: row.methods?.split(' '),
    path: row.path ?? undefined,
    revokedAt: row.revoked_at ?? undefined,
  }
}
