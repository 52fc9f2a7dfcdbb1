import { migrateWith } from './migrate.ts'

/** Each entry brings the schema from its index to the next; entries are never changed, only added. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE tickets (
     id_hash BLOB PRIMARY KEY,
     destination TEXT NOT NULL,
     origin TEXT,
     identity TEXT NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX tickets_by_expiry ON tickets (expires_at);`,
]

/** Whether anything was stored: an object whose last row is gone has given its tables back. */
export function hasTables({ sql }: DurableObjectStorage): boolean {
  return sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'schema_version'`).toArray().length > 0
}

export function migrate(storage: DurableObjectStorage): void {
  migrateWith(storage, MIGRATIONS)
}
