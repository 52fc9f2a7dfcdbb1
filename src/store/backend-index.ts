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

/**
 * The backends of one namespace, for those who want a list. It is no authority: a backend is entered
 * before it starts, and leaves when someone finds that it has ended.
 */
export class BackendIndex extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    migrateWith(ctx.storage, BACKEND_INDEX_MIGRATIONS)
  }

  enter({ backendId, key, createdAt }: IndexedBackend): void {
    const row = [backendId, key?.namespace ?? null, key?.name ?? null, createdAt]
    this.ctx.storage.sql.exec('INSERT OR IGNORE INTO backends VALUES (?, ?, ?, ?)', ...row)
  }

  leave(backendIds: readonly string[]): void {
    const { sql } = this.ctx.storage
    for (const id of backendIds) sql.exec('DELETE FROM backends WHERE backend_id = ?', id)
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
