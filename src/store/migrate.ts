/** Whether anything was stored: an object that was only asked about has no tables, and stores nothing. */
export function hasTables({ sql }: DurableObjectStorage): boolean {
  return sql.exec(`SELECT 1 FROM sqlite_master WHERE name = 'schema_version'`).toArray().length > 0
}

/**
 * Runs the migrations that an object has not seen yet. Synchronous, so nothing comes between.
 *
 * @param migrations each brings the schema from its index to the next; never changed, only added.
 *   An older Worker goes on with what they leave, so that one can be rolled back to
 */
export function migrateWith(storage: DurableObjectStorage, migrations: readonly string[]): void {
  storage.transactionSync(() => {
    const { sql } = storage
    sql.exec('CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL) STRICT')
    const [row] = sql.exec<{ version: number }>('SELECT version FROM schema_version').toArray()
    const version = row?.version ?? 0
    // Higher: an older Worker is back. The newer one counts on the number when it returns.
    if (version >= migrations.length) return
    for (const migration of migrations.slice(version)) sql.exec(migration)
    sql.exec('DELETE FROM schema_version')
    sql.exec('INSERT INTO schema_version VALUES (?)', migrations.length)
  })
}
