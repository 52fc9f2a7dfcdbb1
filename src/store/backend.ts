import { DurableObject } from 'cloudflare:workers'
import { isAtHost, refusalOf, type AdmissionAnswer, type AdmissionRefusal } from './admission.ts'
import type { ConnectionAnswer, ConnectionOrder } from './connection-answer.ts'
import { deadlinesOf } from './backend-deadlines.ts'
import type { BackendAddress, BackendPlan } from './backend-plan.ts'
import {
  addBackend,
  readBackend,
  renewStaticNonce,
  setAddress,
  setListed,
  setUsedUntil,
  type BackendRow,
} from './backend-row.ts'
import { BACKEND_MIGRATIONS } from './backend-schema.ts'
import {
  phaseOf,
  type BackendStatus,
  type StatusEntry,
  type TerminationKind,
  type TerminationReason,
} from './backend-status.ts'
import { hasTables, migrateWith } from './migrate.ts'
import { addStatus, lastStatus, statusesAfter } from './status-history.ts'
import { StatusWatchers } from './status-watchers.ts'
import {
  addToken,
  findToken,
  forgetExpired,
  pageOfTokens,
  revokeTokens,
  takeUse,
  type TokenRow,
  type TokenSelector,
} from './token-rows.ts'
import { outOfScope, type TokenUse } from './token-scope.ts'

/** A use counts for this long, so that not every request has to be written down. */
const USE_MS = 15_000
const SWEEP_ROWS = 500

/** One backend: its tokens, and what became of it. */
export class Backend extends DurableObject {
  readonly #watchers = new StatusWatchers()

  /** Anyone may ask about an id; only a backend that was made has tables. */
  #isMade: boolean

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    this.#isMade = hasTables(ctx.storage)
    if (this.#isMade) migrateWith(ctx.storage, BACKEND_MIGRATIONS)
  }

  /** Starts the backend where there is none and a plan says how, and adds a token to it. */
  async open({ plan, token }: ConnectionOrder): Promise<ConnectionAnswer> {
    const known = this.#row()
    if (known === undefined && plan === undefined) return { kind: 'unknown' }
    if (known === undefined && plan !== undefined) this.#start(plan)
    const row = known ?? this.#row()
    const status = this.#status()
    if (row === undefined || status === undefined) return { kind: 'unknown' }
    const isNew = known === undefined
    if (plan !== undefined && !isNew && !isSameKey(plan, row.plan)) return { kind: 'taken' }
    if (phaseOf(status) === 'ending') return { kind: 'ending', status }
    const { cluster, subdomain, hasStaticToken } = row.plan
    if (token !== undefined && !hasStaticToken) addToken(this.ctx.storage.sql, token)
    await this.#setAlarm()
    return {
      kind: 'connected',
      spawned: isNew,
      isListed: row.isListed,
      // What a first caller learns is how it began, as with Plane, however fast it is ready.
      status: isNew ? 'scheduled' : status,
      ...{ cluster, subdomain, staticNonce: row.staticNonce },
    }
  }

  /**
   * Whether a request with this token may go to the backend.
   *
   * @param host as the request names it, with its port
   */
  async admit(idHash: ArrayBuffer, use: TokenUse, host: string): Promise<AdmissionAnswer> {
    const row = this.#row()
    const token = this.#token(idHash)
    if (row === undefined || token === undefined) return { kind: 'unknown', backendId: undefined }
    const backendId = row.plan.id
    const refused = refusalOf(token) ?? outOfScope(token, use)
    if (refused !== undefined) return { kind: refused, backendId }
    if (!isAtHost(row.plan, host)) return { kind: 'host', backendId }
    const address = this.#readyAddress()
    if (typeof address === 'string') return { kind: address, backendId }
    const isCounted = token.usesLeft !== undefined && !use.isPreflight
    if (isCounted && !takeUse(this.ctx.storage.sql, idHash)) {
      return { kind: 'used_up', backendId }
    }
    await this.#countUse()
    const { id, cluster, subdomain, maxIdleSeconds } = row.plan
    const { idHash: _, ...rest } = token
    const plan = { id, cluster, subdomain, maxIdleSeconds }
    return { kind: 'admitted', plan, address, token: rest }
  }

  /** Waits until the backend is ready, or is never going to be. */
  async started(waitMs: number): Promise<void> {
    await this.#watchers.until(
      () => this.#status(),
      (now) => now === undefined || phaseOf(now) !== 'starting',
      waitMs,
    )
  }

  /** Counts an open connection as use. @returns why it may not stay open, if it may not */
  async keepAlive(idHash: ArrayBuffer): Promise<AdmissionRefusal | undefined> {
    const token = this.#token(idHash)
    if (token === undefined) return 'unknown'
    const refused = refusalOf(token)
    if (refused !== undefined && refused !== 'used_up') return refused
    const status = this.#status()
    if (status === undefined || phaseOf(status) === 'ending') return 'ending'
    await this.#countUse()
    return undefined
  }

  /**
   * A step of the backend's life, told by what runs it.
   *
   * @param address where it serves; needed with `ready` where the plan did not know it
   * @returns `false` for a step that comes too late, or for a backend that does not exist
   */
  async report(entry: StatusEntry, address?: BackendAddress): Promise<boolean> {
    const row = this.#row()
    if (row === undefined) return false
    if (entry.status === 'ready' && (address ?? row.address) === undefined) return false
    if (!this.#add(entry)) return false
    if (address !== undefined) setAddress(this.ctx.storage.sql, address)
    await this.#setAlarm()
    return true
  }

  /** @returns `false` if there is no such backend */
  async terminate(kind: TerminationKind, reason: TerminationReason): Promise<boolean> {
    if (this.#row() === undefined) return false
    this.#terminate(kind, reason)
    await this.#setAlarm()
    return true
  }

  /** Tells that the index has it. */
  listed(): void {
    if (this.#isMade) setListed(this.ctx.storage.sql)
  }

  /** Keeps the backend's one static token, which is made of the nonce that `open` tells. */
  keepStaticToken(token: TokenRow): void {
    if (this.#isMade) addToken(this.ctx.storage.sql, token)
  }

  /** @returns how many tokens could be used until now; `undefined` if there is no such backend */
  revoke(selector: TokenSelector): number | undefined {
    const { sql } = this.ctx.storage
    const row = this.#row()
    if (row === undefined) return undefined
    const { revoked, areStatic } = revokeTokens(sql, selector, Math.floor(Date.now() / 1000))
    // The next connect call gets another static token, not the revoked one again.
    if (areStatic) renewStaticNonce(sql)
    return revoked
  }

  /** @returns `undefined` if there is no such backend */
  tokens(after: ArrayBuffer, limit: number): TokenRow[] | undefined {
    if (this.#row() === undefined) return undefined
    return pageOfTokens(this.ctx.storage.sql, after, limit)
  }

  /** From the beginning; empty if there is no such backend. */
  statuses(): StatusEntry[] {
    return this.#history(undefined)
  }

  /** Waits until the backend has ended. `unknown` is one that was never started. */
  async ended(waitMs: number): Promise<'ended' | 'alive' | 'unknown'> {
    const status = await this.#watchers.until(
      () => this.#status(),
      (now) => now === undefined || now === 'terminated',
      waitMs,
    )
    if (status === undefined) return 'unknown'
    return status === 'terminated' ? 'ended' : 'alive'
  }

  /** The history after a status and then what comes, a JSON line each; ends after `terminated`. */
  watch(after: BackendStatus | undefined): ReadableStream<Uint8Array> {
    return this.#watchers.stream(this.#history(after), this.#status() === 'terminated')
  }

  /** Ends what is over: unused backends, those that live too long or never start, expired tokens. */
  override async alarm(): Promise<void> {
    const row = this.#row()
    if (row === undefined) return
    const now = Date.now()
    const due = deadlinesOf(row, this.ctx.storage.sql).filter(({ at }) => at <= now)
    if (due.some(({ what }) => what === 'forget')) {
      this.#isMade = false
      await this.ctx.storage.deleteAll()
      return
    }
    forgetExpired(this.ctx.storage.sql, now / 1000, SWEEP_ROWS)
    if (due.some(({ what }) => what === 'startup')) this.#terminate('hard', 'startuptimeout')
    if (due.some(({ what }) => what === 'idle' || what === 'lifetime')) {
      this.#terminate('soft', 'swept')
    }
    await this.#setAlarm()
  }

  #start(plan: BackendPlan): void {
    migrateWith(this.ctx.storage, BACKEND_MIGRATIONS)
    this.#isMade = true
    const now = Date.now()
    addBackend(this.ctx.storage.sql, plan, now)
    this.#add({ status: 'scheduled', time: now })
    if (plan.address === undefined) return
    // What exists already has nothing to load, and still goes the way that watchers expect.
    for (const status of ['loading', 'starting', 'waiting', 'ready'] as const) {
      this.#add({ status, time: now })
    }
  }

  #terminate(terminationKind: TerminationKind, terminationReason: TerminationReason): void {
    const time = Date.now()
    const told = { time, terminationKind, terminationReason }
    this.#add({ status: terminationKind === 'soft' ? 'terminating' : 'hard-terminating', ...told })
    // Nothing runs that would have to end first; what a spawner started says so itself.
    if (this.#row()?.plan.address !== undefined) this.#add({ status: 'terminated', ...told })
  }

  #add(entry: StatusEntry): boolean {
    const isLater = addStatus(this.ctx.storage.sql, entry)
    if (isLater) this.#watchers.tell(entry)
    return isLater
  }

  #row(): BackendRow | undefined {
    return this.#isMade ? readBackend(this.ctx.storage.sql) : undefined
  }

  #token(idHash: ArrayBuffer): TokenRow | undefined {
    return this.#isMade ? findToken(this.ctx.storage.sql, idHash) : undefined
  }

  #status(): BackendStatus | undefined {
    return this.#isMade ? lastStatus(this.ctx.storage.sql)?.status : undefined
  }

  #history(after: BackendStatus | undefined): StatusEntry[] {
    return this.#isMade ? statusesAfter(this.ctx.storage.sql, after) : []
  }

  #readyAddress(): BackendAddress | 'ending' | 'not_ready' {
    const status = this.#status()
    const phase = status === undefined ? 'ending' : phaseOf(status)
    if (phase === 'starting') return 'not_ready'
    return (phase === 'ready' ? this.#row()?.address : undefined) ?? 'ending'
  }

  /** Written only when the use before it no longer counts: most requests write nothing. */
  async #countUse(): Promise<void> {
    const row = this.#row()
    const now = Date.now()
    if (row?.plan.maxIdleSeconds === undefined || now + USE_MS / 3 < row.usedUntil) return
    setUsedUntil(this.ctx.storage.sql, now + USE_MS)
    await this.#setAlarm()
  }

  async #setAlarm(): Promise<void> {
    const row = this.#row()
    if (row === undefined) return
    const next = Math.min(...deadlinesOf(row, this.ctx.storage.sql).map(({ at }) => at))
    const current = await this.ctx.storage.getAlarm()
    if (next !== Infinity && next !== current) await this.ctx.storage.setAlarm(next)
  }
}

/** Without a key nobody connects to a backend again, not even who knows its id. */
function isSameKey({ key: a }: BackendPlan, { key: b }: BackendPlan): boolean {
  return a !== undefined && a.namespace === b?.namespace && a.name === b.name
}
