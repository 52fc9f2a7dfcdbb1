import { DurableObject } from 'cloudflare:workers'
import { hasTables, migrateWith } from './migrate.ts'
import { SUBJECT_MIGRATIONS } from './subject-schema.ts'

/** What a ticket stands for. */
export interface KeptTicket {
  /** The ticket's random part. Only its hash is stored. */
  readonly id: string
  /** Where it opens a socket, as one text. */
  readonly destination: string
  /** The origin of the page that asked for it, `undefined` if a server did. */
  readonly origin: string | undefined
  /** Who it was given to, as JSON: the object keeps it and does not look into it. */
  readonly identity: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

const MAX_OPEN_TICKETS = 100
const SWEEP_ROWS = 500

/**
 * One person, (issuer, subject): keeps the tickets that were given to them until they are used.
 * Tables are there from the first write until the alarm finds them empty, also while one instance
 * lives on, so every method has to do without them.
 */
export class Subject extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    if (hasTables(ctx.storage)) migrateWith(ctx.storage, SUBJECT_MIGRATIONS)
  }

  /** @returns whether it is kept: nobody has more than a certain number of tickets open at a time */
  async keepTicket(
    { id, destination, origin, identity, expiresAt }: KeptTicket,
    nowSeconds: number,
  ): Promise<boolean> {
    const { storage } = this.ctx
    const idHash = await hashOf(id)
    migrateWith(storage, SUBJECT_MIGRATIONS)
    const { open } = storage.sql
      .exec<{ open: number }>(
        'SELECT count(*) AS open FROM tickets WHERE expires_at > ?',
        nowSeconds,
      )
      .one()
    if (open >= MAX_OPEN_TICKETS) return false
    const row = [idHash, destination, origin ?? null, identity, expiresAt]
    storage.sql.exec('INSERT INTO tickets VALUES (?, ?, ?, ?, ?)', ...row)
    const alarmAt = await storage.getAlarm()
    if (alarmAt === null) await storage.setAlarm(expiresAt * 1000)
    return true
  }

  /**
   * Takes a ticket out of the store, once: of any number of callers one gets it. A ticket that is
   * shown at the wrong place is spent as well, since whoever shows it there has stolen it.
   */
  async redeemTicket(id: string, nowSeconds: number): Promise<KeptTicket | undefined> {
    const { storage } = this.ctx
    const idHash = await hashOf(id)
    if (!hasTables(storage)) return undefined
    const [row] = storage.sql
      .exec<{ destination: string; origin: string | null; identity: string; expires_at: number }>(
        'DELETE FROM tickets WHERE id_hash = ? RETURNING destination, origin, identity, expires_at',
        idHash,
      )
      .toArray()
    if (row === undefined || row.expires_at <= nowSeconds) return undefined
    return {
      id,
      destination: row.destination,
      origin: row.origin ?? undefined,
      identity: row.identity,
      expiresAt: row.expires_at,
    }
  }

  /** Forgets expired tickets in bounded batches, so that no alarm runs long, and then the tables. */
  override async alarm(): Promise<void> {
    const { storage } = this.ctx
    const next = hasTables(storage) ? sweep(storage) : undefined
    // Nothing can come between: the platform deletes at once, and only then lets others go on.
    if (next === undefined) await storage.deleteAll()
    else await storage.setAlarm(next * 1000)
  }
}

/** @returns when the next of the tickets that are left ends, in seconds */
function sweep({ sql }: DurableObjectStorage): number | undefined {
  sql.exec(
    'DELETE FROM tickets WHERE id_hash IN (SELECT id_hash FROM tickets WHERE expires_at <= ? LIMIT ?)',
    Date.now() / 1000,
    SWEEP_ROWS,
  )
  const { at } = sql.exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM tickets').one()
  return at ?? undefined
}

async function hashOf(id: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
}
