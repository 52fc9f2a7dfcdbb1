import { DurableObject } from 'cloudflare:workers'
import { BACKEND_KEY_MIGRATIONS } from './backend-schema.ts'
import { migrateWith } from './migrate.ts'

/** Which backend has a key. */
export interface Holder {
  readonly backendId: string
  readonly tag: string
  /** Milliseconds since the epoch. */
  readonly heldSince: number
}

/** One (namespace, key name): says which backend holds the key, so that two never do. */
export class BackendKey extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    migrateWith(ctx.storage, BACKEND_KEY_MIGRATIONS)
  }

  /**
   * Who holds the key; where nobody does, `candidate` takes it. Of any number of callers at once
   * all get the same answer.
   *
   * @param candidate `undefined`: nobody takes it
   */
  hold(candidate: Omit<Holder, 'heldSince'> | undefined): Holder | undefined {
    const { sql } = this.ctx.storage
    const [row] = sql
      .exec<{ backend_id: string; tag: string; held_since: number }>('SELECT * FROM holder')
      .toArray()
    if (row !== undefined) {
      return { backendId: row.backend_id, tag: row.tag, heldSince: row.held_since }
    }
    if (candidate === undefined) return undefined
    const { backendId, tag } = candidate
    const heldSince = Date.now()
    sql.exec('INSERT INTO holder VALUES (?, ?, ?)', backendId, tag, heldSince)
    return { backendId, tag, heldSince }
  }

  /** Takes the key from a backend that has ended; from no other one that may hold it by now. */
  release(backendId: string): void {
    this.ctx.storage.sql.exec('DELETE FROM holder WHERE backend_id = ?', backendId)
  }
}
