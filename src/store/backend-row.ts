import type { BackendAddress, BackendPlan } from './backend-plan.ts'
import { LEASE_MS } from './backend-report.ts'

/** What a `Backend` object keeps about its backend. Times are in milliseconds since the epoch. */
export interface BackendRow {
  readonly plan: BackendPlan
  readonly address: BackendAddress | undefined
  readonly createdAt: number
  /** Until when the last use counts as one. */
  readonly usedUntil: number
  readonly staticNonce: ArrayBuffer | undefined
  /** Whether the index is known to have it. */
  readonly isListed: boolean
  /** When it is lost unless its spawner reports it; `undefined` for one that no spawner runs. */
  readonly aliveUntil: number | undefined
}

export function addBackend(sql: SqlStorage, plan: BackendPlan, now: number): void {
  const address = plan.address === undefined ? null : JSON.stringify(plan.address)
  const nonce = plan.hasStaticToken ? freshNonce() : null
  const aliveUntil = plan.address === undefined ? now + LEASE_MS : null
  const row = [JSON.stringify(plan), address, now, now, nonce, 0, aliveUntil]
  sql.exec('INSERT INTO backend VALUES (?, ?, ?, ?, ?, ?, ?)', ...row)
}

/** @returns `undefined` for an object that was never made a backend */
export function readBackend(sql: SqlStorage): BackendRow | undefined {
  const [row] = sql
    .exec<{
      plan: string
      address: string | null
      created_at: number
      used_until: number
      static_nonce: ArrayBuffer | null
      is_listed: number
      alive_until: number | null
    }>('SELECT * FROM backend')
    .toArray()
  if (row === undefined) return undefined
  return {
    plan: JSON.parse(row.plan) as BackendPlan,
    address: row.address === null ? undefined : (JSON.parse(row.address) as BackendAddress),
    createdAt: row.created_at,
    usedUntil: row.used_until,
    staticNonce: row.static_nonce ?? undefined,
    isListed: row.is_listed === 1,
    aliveUntil: row.alive_until ?? undefined,
  }
}

export function setAddress(sql: SqlStorage, address: BackendAddress): void {
  sql.exec('UPDATE backend SET address = ?', JSON.stringify(address))
}

export function setAliveUntil(sql: SqlStorage, aliveUntil: number): void {
  sql.exec('UPDATE backend SET alive_until = ?', aliveUntil)
}

export function setUsedUntil(sql: SqlStorage, usedUntil: number): void {
  sql.exec('UPDATE backend SET used_until = ?', usedUntil)
}

export function setListed(sql: SqlStorage): void {
  sql.exec('UPDATE backend SET is_listed = 1')
}

export function renewStaticNonce(sql: SqlStorage): void {
  sql.exec('UPDATE backend SET static_nonce = ?', freshNonce())
}

function freshNonce(): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(16))
}
