import {
  STATUS_ORDER,
  type BackendStatus,
  type StatusEntry,
  type TerminationKind,
  type TerminationReason,
} from './backend-status.ts'

// An alias and not an interface, since only an alias is a record of values to the type checker.
type Columns = {
  readonly status: BackendStatus
  readonly time: number
  readonly termination_reason: TerminationReason | null
  readonly termination_kind: TerminationKind | null
  readonly exit_error: number | null
}

/**
 * Adds a step to a backend's life.
 *
 * @returns `false` for one that is not later than all before it
 */
export function addStatus(sql: SqlStorage, entry: StatusEntry): boolean {
  const last = lastStatus(sql)
  if (last !== undefined && STATUS_ORDER[entry.status] <= STATUS_ORDER[last.status]) return false
  sql.exec(
    'INSERT INTO statuses VALUES (?, ?, ?, ?, ?, ?)',
    STATUS_ORDER[entry.status],
    entry.status,
    entry.time,
    entry.terminationReason ?? null,
    entry.terminationKind ?? null,
    entry.exitError === undefined ? null : Number(entry.exitError),
  )
  return true
}

/** @param after only what is later than this; `undefined`: from the beginning */
export function statusesAfter(sql: SqlStorage, after: BackendStatus | undefined): StatusEntry[] {
  const position = after === undefined ? 0 : STATUS_ORDER[after]
  return sql
    .exec<Columns>('SELECT * FROM statuses WHERE position > ? ORDER BY position', position)
    .toArray()
    .map(entryOf)
}

export function lastStatus(sql: SqlStorage): StatusEntry | undefined {
  const query = 'SELECT * FROM statuses ORDER BY position DESC LIMIT 1'
  const [row] = sql.exec<Columns>(query).toArray()
  return row && entryOf(row)
}

/** What is not known is left out: clients tell an absent field from an empty one. */
function entryOf(row: Columns): StatusEntry {
  return {
    status: row.status,
    time: row.time,
    ...(row.termination_reason === null ? {} : { terminationReason: row.termination_reason }),
    ...(row.termination_kind === null ? {} : { terminationKind: row.termination_kind }),
    ...(row.exit_error === null ? {} : { exitError: row.exit_error === 1 }),
  }
}
