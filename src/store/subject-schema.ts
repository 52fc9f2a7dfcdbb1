/** The table of a `Subject`, as docs/storage.md describes it. */
export const SUBJECT_MIGRATIONS: readonly string[] = [
  `CREATE TABLE tickets (
     id_hash BLOB PRIMARY KEY,
     destination TEXT NOT NULL,
     origin TEXT,
     identity TEXT NOT NULL,
     expires_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX tickets_by_expiry ON tickets (expires_at);`,
]
