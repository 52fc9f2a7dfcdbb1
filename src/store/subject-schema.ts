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

/** Runs the migrations that this object has not seen yet. Synchronous, so nothing comes between. */
export function migrate(storage: DurableObjectStorage): void {
  storage.transactionSync(() => {
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT')
    const [row] = sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()
    const version = row?.version ?? 0
    if (version === MIGRATIONS.length) return
    for (const migration of MIGRATIONS.slice(version)) sql.exec(migration)
    sql.exec('DELETE FROM schema_version')
    sql.exec('INSERT INTO schema_version VALUES (?)', MIGRATIONS.length)
  })
}
