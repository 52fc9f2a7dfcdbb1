import { DurableObject } from 'cloudflare:workers'
import type { BackendKeyName } from './backend-plan.ts'
import { BACKEND_INDEX_MIGRATIONS } from './backend-schema.ts'
import { migrateWith } from './migrate.ts'

export interface IndexedBackend {
  readonly backendId: string
  readonly key: BackendKeyName | undefined
  /** Milliseconds since the epoch. */
  readonly createdAt: number
}

/** Longer than a reader takes between asking for a page and taking out what is over. */
const RECENT_MS = 60_000
/** An id can be used again a week after its backend's end: what is entered sooner is the same one. */
const SAME_MS = 24 * 3_600_000

/**
 * The backends of one namespace, for those who want a list. It is no authority: a backend is entered
 * once its own object has it, and leaves when someone finds that it has ended or was forgotten.
 */
export class BackendIndex extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    migrateWith(ctx.storage, BACKEND_INDEX_MIGRATIONS)
  }

  enter({ backendId, key, createdAt }: IndexedBackend): void {
    const row = [backendId, key?.namespace ?? null, key?.name ?? null, createdAt]
    this.ctx.storage.sql.exec(
      `INSERT INTO backends VALUES (?, ?, ?, ?) ON CONFLICT (backend_id) DO UPDATE
       SET key_namespace = excluded.key_namespace, key_name = excluded.key_name,
         created_at = excluded.created_at
       WHERE created_at < excluded.created_at - ?`,
      ...row,
      SAME_MS,
    )
  }

  /** What was entered a moment ago stays: whoever found it over asked about one before it. */
  leave(backendIds: readonly string[]): void {
    const { sql } = this.ctx.storage
    const query = 'DELETE FROM backends WHERE backend_id = ? AND created_at <= ?'
    for (const id of backendIds) sql.exec(query, id, Date.now() - RECENT_MS)
  }

  /** @param after the last id of the page before, or empty */
  page(after: string, limit: number): IndexedBackend[] {
    return this.ctx.storage.sql
      .exec<{
        backend_id: string
        key_namespace: string | null
        key_name: string | null
        created_at: number
      }>('SELECT * FROM backends WHERE backend_id > ? ORDER BY backend_id LIMIT ?', after, limit)
      .toArray()
      .map((row) => ({
        backendId: row.backend_id,
        key:
          row.key_namespace === null || row.key_name === null
            ? undefined
            : { namespace: row.key_namespace, name: row.key_name },
        createdAt: row.created_at,
      }))
  }
}
