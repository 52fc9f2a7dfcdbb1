/** The tables of a `Backend`, as docs/storage.md describes them. */
export const BACKEND_MIGRATIONS: readonly string[] = [
  `CREATE TABLE backend (
     plan TEXT NOT NULL,
     address TEXT,
     created_at INTEGER NOT NULL,
     used_until INTEGER NOT NULL,
     static_nonce BLOB,
     is_listed INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE statuses (
     position INTEGER PRIMARY KEY,
     status TEXT NOT NULL,
     time INTEGER NOT NULL,
     termination_reason TEXT,
     termination_kind TEXT,
     exit_error INTEGER
   ) STRICT;
   CREATE TABLE tokens (
     id_hash BLOB PRIMARY KEY,
     user TEXT,
     auth TEXT,
     is_static INTEGER NOT NULL,
     issued_at INTEGER NOT NULL,
     expires_at INTEGER,
     uses_left INTEGER,
     origin TEXT,
     methods TEXT,
     path TEXT,
     revoked_at INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX tokens_by_expiry ON tokens (expires_at) WHERE expires_at IS NOT NULL;
   CREATE INDEX tokens_by_user ON tokens (user) WHERE user IS NOT NULL;`,
  `ALTER TABLE backend ADD COLUMN alive_until INTEGER`,
]

/** The table of a `BackendKey`: at most one row, while the key is held. */
export const BACKEND_KEY_MIGRATIONS: readonly string[] = [
  `CREATE TABLE holder (
     backend_id TEXT NOT NULL,
     tag TEXT NOT NULL,
     held_since INTEGER NOT NULL
   ) STRICT;`,
]

/** The table of a `BackendIndex`: the backends of one namespace that were not found ended yet. */
export const BACKEND_INDEX_MIGRATIONS: readonly string[] = [
  `CREATE TABLE backends (
     backend_id TEXT PRIMARY KEY,
     key_namespace TEXT,
     key_name TEXT,
     created_at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
]
