import { DurableObject } from 'cloudflare:workers'
import { migrate } from './subject-schema.ts'

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

const SWEEP_ROWS = 500

/** One person, (issuer, subject): keeps the tickets that were given to them until they are used. */
export class Subject extends DurableObject {
  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    migrate(ctx.storage)
  }

  async keepTicket({ id, destination, origin, identity, expiresAt }: KeptTicket): Promise<void> {
    const idHash = await hashOf(id)
    const row = [idHash, destination, origin ?? null, identity, expiresAt]
    this.ctx.storage.sql.exec('INSERT INTO tickets VALUES (?, ?, ?, ?, ?)', ...row)
    const alarmAt = await this.ctx.storage.getAlarm()
    if (alarmAt === null) await this.ctx.storage.setAlarm(expiresAt * 1000)
  }

  /**
   * Takes a ticket out of the store, once: of any number of callers one gets it. A ticket that is
   * shown at the wrong place is spent as well, since whoever shows it there has stolen it.
   */
  async redeemTicket(id: string, nowSeconds: number): Promise<KeptTicket | undefined> {
    const idHash = await hashOf(id)
    const [row] = this.ctx.storage.sql
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

  /** Forgets expired tickets in bounded batches, so that no alarm runs long. */
  override async alarm(): Promise<void> {
    const { sql } = this.ctx.storage
    sql.exec(
      'DELETE FROM tickets WHERE id_hash IN (SELECT id_hash FROM tickets WHERE expires_at <= ? LIMIT ?)',
      Date.now() / 1000,
      SWEEP_ROWS,
    )
    const next = sql
      .exec<{ at: number | null }>('SELECT min(expires_at) AS at FROM tickets')
      .one().at
    if (next !== null) await this.ctx.storage.setAlarm(next * 1000)
  }
}

async function hashOf(id: string): Promise<ArrayBuffer> {
  return crypto.subtle.digest('SHA-256', new TextEncoder().encode(id))
}
