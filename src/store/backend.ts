import { DurableObject } from 'cloudflare:workers'
import {
  admittedOf,
  isAtHost,
  refusalOf,
  type AdmissionAnswer,
  type AdmissionRefusal,
} from './admission.ts'
import type { ConnectionAnswer, ConnectionOrder } from './connection-answer.ts'
import { deadlinesOf, endOf, type Deadline } from './backend-deadlines.ts'
import { BackendLife } from './backend-life.ts'
import type { BackendAddress, BackendPlan } from './backend-plan.ts'
import { LEASE_MS, reportAnswer, unwanted, type ReportAnswer } from './backend-report.ts'
import {
  addBackend,
  readBackend,
  renewStaticNonce,
  setAddress,
  setAliveUntil,
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
/** Longer than asking a spawner takes with all its attempts. */
const ASK_AGAIN_MS = 20_000

/** One backend: its tokens, and what became of it. */
export class Backend extends DurableObject {
  /** Anyone may ask about an id; only a backend that was made has tables, and a life. */
  #life: BackendLife | undefined

  /** When a spawner was last asked to run it, in milliseconds since the epoch. */
  #askedAt = 0

  constructor(ctx: DurableObjectState, env: Cloudflare.Env) {
    super(ctx, env)
    if (!hasTables(ctx.storage)) return
    migrateWith(ctx.storage, BACKEND_MIGRATIONS)
    this.#life = new BackendLife(ctx.storage.sql)
  }

  /** Starts the backend where there is none and a plan says how, and adds a token to it. */
  async open({ plan, token }: ConnectionOrder): Promise<ConnectionAnswer> {
    const isNew = this.#life === undefined
    if (isNew && plan !== undefined) this.#start(plan)
    const row = this.#row()
    const status = this.#life?.status()
    if (row === undefined || status === undefined) return { kind: 'unknown' }
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
      toSpawn: this.#toSpawn(row.plan, status),
    }
  }

  /**
   * Whether a request with this token may go to the backend.
   *
   * @param idHash `undefined` for a request without a token, which only gets into an open backend
   * @param host as the request names it, with its port; `undefined` where it named the backend
   */
  async admit(
    idHash: ArrayBuffer | undefined,
    use: TokenUse,
    host: string | undefined,
  ): Promise<AdmissionAnswer> {
    const row = this.#row()
    const token = idHash && this.#token(idHash)
    const isUnknown = idHash !== undefined && token === undefined
    if (row === undefined || isUnknown) return { kind: 'unknown', backendId: undefined }
    const backendId = row.plan.id
    if (token === undefined && !row.plan.isOpen) return { kind: 'closed', backendId }
    const refused = token && (refusalOf(token) ?? outOfScope(token, use))
    if (refused !== undefined) return { kind: refused, backendId }
    if (host !== undefined && !isAtHost(row.plan, host)) return { kind: 'host', backendId }
    const phase = this.#life?.phase()
    if (phase === 'starting') return { kind: 'not_ready', backendId }
    if (phase !== 'ready' || row.address === undefined) return { kind: 'ending', backendId }
    const isCounted = token?.usesLeft !== undefined && !use.isPreflight
    if (isCounted && !takeUse(this.ctx.storage.sql, token.idHash)) {
      return { kind: 'used_up', backendId }
    }
    await this.#countUse(row)
    return admittedOf(row, row.address, token)
  }

  /** Waits until the backend is ready, or is never going to be. */
  async started(waitMs: number): Promise<void> {
    await this.#life?.until((now) => now === undefined || phaseOf(now) !== 'starting', waitMs)
  }

  /** Counts an open connection as use. @returns why it may not stay open, if it may not */
  async keepAlive(idHash: ArrayBuffer): Promise<AdmissionRefusal | undefined> {
    const row = this.#row()
    const token = this.#token(idHash)
    if (row === undefined || token === undefined) return 'unknown'
    const refused = refusalOf(token)
    if (refused !== undefined && refused !== 'used_up') return refused
    if (this.#life?.phase() === 'ending') return 'ending'
    await this.#countUse(row)
    return undefined
  }

  /**
   * A step of the backend's life, or that it is where it was, told by what runs it.
   *
   * @param address where it serves; needed with `ready` where the plan did not know it
   * @param toldAt when it was told, in milliseconds since the epoch
   */
  async report(
    entry: StatusEntry,
    address?: BackendAddress,
    toldAt = Date.now(),
  ): Promise<ReportAnswer> {
    const { sql } = this.ctx.storage
    const life = this.#life
    const row = this.#row()
    if (life === undefined || row === undefined) return unwanted
    const isNowhere = entry.status === 'ready' && (address ?? row.address) === undefined
    if (!isNowhere && life.add(entry) && address !== undefined) setAddress(sql, address)
    const now = Date.now()
    // An old message that someone sends again keeps nothing alive.
    const aliveUntil = Math.min(now, toldAt) + LEASE_MS
    if (aliveUntil > (row.aliveUntil ?? Infinity)) setAliveUntil(sql, aliveUntil)
    await this.#setAlarm()
    return reportAnswer(life.status() ?? entry.status, endOf(this.#deadlines()) - now)
  }

  /** @returns `ending` for what its spawner still has to end */
  async terminate(
    kind: TerminationKind,
    reason: TerminationReason,
  ): Promise<'unknown' | 'ended' | 'ending'> {
    this.#terminate(kind, reason)
    await this.#setAlarm()
    if (this.#life === undefined) return 'unknown'
    return this.#life.status() === 'terminated' ? 'ended' : 'ending'
  }

  /** Ends what does not run. @returns `false` for what goes on, since it was reported */
  async giveUp(reason: TerminationReason, when: 'unreported' | 'anyway'): Promise<boolean> {
    const goesOn = when === 'unreported' && this.#life?.wasReported() === true
    if (!goesOn) this.#life?.end('hard', reason)
    await this.#setAlarm()
    return !goesOn
  }

  /** Tells that the index has it. */
  listed(): void {
    if (this.#life !== undefined) setListed(this.ctx.storage.sql)
  }

  /** Keeps the backend's one static token, which is made of the nonce that `open` tells. */
  keepStaticToken(token: TokenRow): void {
    if (this.#life !== undefined) addToken(this.ctx.storage.sql, token)
  }

  /** @returns how many tokens could be used until now; `undefined` if there is no such backend */
  revoke(selector: TokenSelector): number | undefined {
    const { sql } = this.ctx.storage
    if (this.#life === undefined) return undefined
    const { revoked, areStatic } = revokeTokens(sql, selector, Math.floor(Date.now() / 1000))
    // The next connect call gets another static token, not the revoked one again.
    if (areStatic) renewStaticNonce(sql)
    return revoked
  }

  /** @returns `undefined` if there is no such backend */
  tokens(after: ArrayBuffer, limit: number): TokenRow[] | undefined {
    return this.#life && pageOfTokens(this.ctx.storage.sql, after, limit)
  }

  /** From the beginning; empty if there is no such backend. */
  statuses(): StatusEntry[] {
    return this.#life?.statuses(undefined) ?? []
  }

  /** Waits until the backend has ended. `unknown` is one that was never started. */
  async ended(waitMs: number): Promise<'ended' | 'alive' | 'unknown'> {
    const status = await this.#life?.until((now) => (now ?? 'terminated') === 'terminated', waitMs)
    if (status === undefined) return 'unknown'
    return status === 'terminated' ? 'ended' : 'alive'
  }

  /** The history after a status and then what comes, a JSON line each; ends after `terminated`. */
  watch(after: BackendStatus | undefined): ReadableStream<Uint8Array> {
    return this.#life?.stream(after) ?? new Blob([]).stream()
  }

  /** Ends what is over: unused backends, those that live too long or never start, expired tokens. */
  override async alarm(): Promise<void> {
    const now = Date.now()
    const due = new Set(
      this.#deadlines()
        .filter(({ at }) => at <= now)
        .map(({ what }) => what),
    )
    if (due.has('forget')) {
      this.#life = undefined
      await this.ctx.storage.deleteAll()
      return
    }
    if (due.has('sweep')) forgetExpired(this.ctx.storage.sql, now / 1000, SWEEP_ROWS)
    if (due.has('startup')) this.#terminate('hard', 'startuptimeout')
    if (due.has('idle') || due.has('lifetime')) this.#terminate('soft', 'swept')
    if (due.has('lease')) this.#life?.end('hard', 'lost')
    await this.#setAlarm()
  }

  #start(plan: BackendPlan): void {
    migrateWith(this.ctx.storage, BACKEND_MIGRATIONS)
    const life = new BackendLife(this.ctx.storage.sql)
    this.#life = life
    const now = Date.now()
    addBackend(this.ctx.storage.sql, plan, now)
    if (plan.address === undefined) life.add({ status: 'scheduled', time: now })
    else life.beginReady(now)
  }

  #terminate(kind: TerminationKind, reason: TerminationReason): void {
    // Nothing runs that would have to end first; what a spawner started says so itself.
    if (this.#row()?.plan.address !== undefined) this.#life?.end(kind, reason)
    else this.#life?.terminate(kind, reason)
  }

  /** Two calls at once do not both ask; and what was asked by a Worker that was lost is asked again. */
  #toSpawn(plan: BackendPlan, status: BackendStatus): string | undefined {
    const now = Date.now()
    if (plan.address !== undefined || status !== 'scheduled') return undefined
    if (now - this.#askedAt < ASK_AGAIN_MS) return undefined
    this.#askedAt = now
    return JSON.stringify(plan)
  }

  #row(): BackendRow | undefined {
    return this.#life && readBackend(this.ctx.storage.sql)
  }

  #token(idHash: ArrayBuffer): TokenRow | undefined {
    return this.#life && findToken(this.ctx.storage.sql, idHash)
  }

  /** Written only when the use before it no longer counts: most requests write nothing. */
  async #countUse({ plan, usedUntil }: BackendRow): Promise<void> {
    const now = Date.now()
    if (plan.maxIdleSeconds === undefined || now + USE_MS / 3 < usedUntil) return
    setUsedUntil(this.ctx.storage.sql, now + USE_MS)
    await this.#setAlarm()
  }

  #deadlines(): readonly Deadline[] {
    const row = this.#row()
    return row === undefined ? [] : deadlinesOf(row, this.ctx.storage.sql)
  }

  async #setAlarm(): Promise<void> {
    const next = Math.min(...this.#deadlines().map(({ at }) => at))
    const current = (await this.ctx.storage.getAlarm()) ?? Infinity
    // One that comes early finds nothing due and sets the next; moving it each time would cost more.
    if (next < current) await this.ctx.storage.setAlarm(next)
  }
}

/** Without a key nobody connects to a backend again, not even who knows its id. */
function isSameKey({ key: a }: BackendPlan, { key: b }: BackendPlan): boolean {
  return a !== undefined && a.namespace === b?.namespace && a.name === b.name
}
