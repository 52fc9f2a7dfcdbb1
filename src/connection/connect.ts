import type { Backend } from '../store/backend.ts'
import type { BackendKeyName, BackendPlan } from '../store/backend-plan.ts'
import type { ConnectionAnswer } from '../store/connection-answer.ts'
import type { TokenRow } from '../store/token-rows.ts'
import {
  backendObjectName,
  makeConnectionToken,
  makeStaticToken,
  type MadeToken,
} from '../token/connection-token.ts'
import { tokenIdOf } from '../token/token-id.ts'
import type { TokenKeys } from '../token/token-key.ts'
import { addressFor, type AddressSpawner } from './address-spawner.ts'
import {
  DEFAULT_TTL_SECONDS,
  type ConnectOrder,
  type Connected,
  type Controlled,
  type SpawnOrder,
} from './connections.ts'
import type { Spawner } from './spawner.ts'
import { startBackend } from './start-backend.ts'
import { asking, backendObject, failed, keyObject, type Stores } from './stores.ts'

export interface ConnectContext {
  readonly stores: Stores
  readonly tokenKeys: TokenKeys
  readonly addressSpawners: readonly AddressSpawner[]
  /** What runs everything else; `undefined`: nothing does. */
  readonly spawner: Spawner | undefined
  readonly nowSeconds: number
  /** How long to wait for a backend that is ending, before its key can be taken. */
  readonly waitMs: number
}

type Opened = Extract<ConnectionAnswer, { kind: 'connected' }>

const MAX_ATTEMPTS = 3
/** Longer than any call takes between taking the key for a backend and starting it. */
const START_MS = 60_000

/**
 * Gives out a connection: to the backend that holds the key, or to a new one. The key's object
 * decides which backend it is, the backend's own object whether it lives; neither trusts the other
 * to have finished, so that a Worker that is lost between the two leaves nothing behind that the
 * next call does not complete.
 */
export async function connect(
  order: ConnectOrder,
  context: ConnectContext,
): Promise<Controlled<Connected>> {
  const { key, spawn } = order
  if (key === undefined && spawn === undefined) return unheld
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
    const plan = spawn === undefined ? undefined : planOf(spawn, order, context)
    if (typeof plan === 'string') return failed('InvalidRequest', plan)
    const chosen = await chooseBackend(order, plan, context)
    if (!chosen.ok) return chosen
    const backendId = chosen.value
    const backend = await backendObjectName(backendId)
    const token = await makeConnectionToken(backend, expiryOf(order, context), context.tokenKeys)
    const stub = context.stores.backends.getByName(backend)
    const ownPlan = plan === undefined ? undefined : { ...plan, id: backendId }
    const answer = await asking(async () =>
      stub.open({ plan: ownPlan, token: rowOf(token, order, context.nowSeconds) }),
    )
    if (!answer.ok) return answer
    const opened = answer.value
    if (opened.kind === 'connected') {
      if (!opened.isListed) await enter(context, backendId, order, stub)
      const connected = await conclude(backendId, opened, token, order, context)
      if (!connected.ok || opened.toSpawn === undefined) return connected
      const { secretToken, token: text } = connected.value
      const staticToken = secretToken === undefined ? text : undefined
      const toSpawn = JSON.parse(opened.toSpawn) as BackendPlan
      const started = await startBackend(toSpawn, staticToken, context.spawner, stub)
      return started.ok ? connected : started
    }
    // Whoever took the key a moment ago is about to start it; without a plan nobody else can.
    if (opened.kind === 'unknown') return unheld
    if (key === undefined) return notAcquired
    if (opened.kind === 'ending') {
      const state = await asking(async () => stub.ended(context.waitMs))
      if (!state.ok) return state
      if (state.value === 'alive') return failed('KeyHeldUnhealthy', 'Lock is held but unhealthy.')
    }
    const released = await release(context, key, backendId)
    if (!released.ok) return released
    if (opened.kind === 'taken') return notAcquired
  }
  return notAcquired
}

const unheld = failed('KeyUnheldNoSpawnConfig', 'Lock is unheld but no spawn config was provided.')
const held = failed('KeyHeld', 'Lock is held but tag does not match.')
const notAcquired = failed('FailedToAcquireKey', 'Failed to acquire lock.')

/** The backend that has the key, or the one of the plan that has it from now on. */
async function chooseBackend(
  order: ConnectOrder,
  plan: BackendPlan | undefined,
  context: ConnectContext,
): Promise<Controlled<string>> {
  const { key } = order
  if (key === undefined) return plan === undefined ? unheld : { ok: true, value: plan.id }
  const candidate = plan === undefined ? undefined : { backendId: plan.id, tag: key.tag }
  const asked = await asking(async () => (await keyObject(context.stores, key)).hold(candidate))
  if (!asked.ok) return asked
  const holder = asked.value
  if (holder === undefined) return unheld
  if (holder.tag === key.tag) return { ok: true, value: holder.backendId }
  const { backendId, heldSince } = holder
  const state = await asking(async () => (await backendObject(context.stores, backendId)).ended(0))
  if (!state.ok) return state
  // One that was never started is about to be, unless whoever took the key for it was lost.
  const isLost = state.value === 'unknown' && Date.now() - heldSince > START_MS
  if (state.value !== 'ended' && !isLost) return held
  const released = await release(context, key, backendId)
  return released.ok ? chooseBackend(order, plan, context) : released
}

async function release({ stores }: ConnectContext, key: BackendKeyName, backendId: string) {
  return asking(async () => (await keyObject(stores, key)).release(backendId))
}

/** @returns a text that says what is wrong with the executable */
function planOf(
  spawn: SpawnOrder,
  { key }: ConnectOrder,
  { addressSpawners, spawner }: ConnectContext,
): BackendPlan | string {
  const known = addressFor(spawn.executable, addressSpawners)
  const address = known ?? (spawner === undefined ? 'nothing here can run this' : undefined)
  if (typeof address === 'string') {
    const separator = /^\w+[.:]/.test(address) ? '.' : ': '
    return `spawn_config.executable${separator}${address}`
  }
  return {
    id: spawn.id ?? randomBackendId(),
    key: key === undefined ? undefined : { namespace: key.namespace, name: key.name },
    executable: spawn.executable,
    address,
    cluster: spawn.cluster,
    subdomain: spawn.subdomain,
    lifetimeLimitSeconds: spawn.lifetimeLimitSeconds,
    maxIdleSeconds: spawn.maxIdleSeconds,
    hasStaticToken: spawn.useStaticToken,
    isOpen: spawn.isOpen,
  }
}

const ID_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789'
const ID_CHARACTERS = 14

/** 14 of a–z and 0–9, as Plane's. The few bytes that would make some letters likelier are left out. */
function randomBackendId(): string {
  let id = ''
  while (id.length < ID_CHARACTERS) {
    for (const byte of crypto.getRandomValues(new Uint8Array(ID_CHARACTERS))) {
      if (byte < 252 && id.length < ID_CHARACTERS) id += ID_ALPHABET.charAt(byte % 36)
    }
  }
  return id
}

/**
 * Entered until the backend knows that it was: a Worker that is lost on the way leaves it to the next
 * call. A list that lacks a backend is a lesser harm than a connection that is not given.
 */
async function enter(
  { stores }: ConnectContext,
  backendId: string,
  { key, namespace = '' }: ConnectOrder,
  stub: DurableObjectStub<Backend>,
): Promise<void> {
  const entry = { backendId, key, createdAt: Date.now() }
  const index = stores.index.getByName(key?.namespace ?? namespace)
  const entered = await asking(() => index.enter(entry))
  if (entered.ok) await asking(() => stub.listed())
}

function expiryOf(
  { expiresInSeconds = DEFAULT_TTL_SECONDS }: ConnectOrder,
  { nowSeconds }: ConnectContext,
): number {
  return Math.floor(nowSeconds) + expiresInSeconds
}

function rowOf(token: MadeToken, order: ConnectOrder, nowSeconds: number): TokenRow {
  const { isStatic, idHash, expiresAt } = token
  return {
    idHash,
    user: isStatic ? undefined : order.user,
    auth: isStatic ? undefined : JSON.stringify(order.auth ?? {}),
    isStatic,
    issuedAt: Math.floor(nowSeconds),
    expiresAt,
    usesLeft: isStatic ? undefined : order.maxUses,
    origin: order.origin,
    methods: order.methods,
    path: order.path,
    revokedAt: undefined,
  }
}

/** What is asked for one token alone, which a static token cannot have. */
function ownOf(order: ConnectOrder) {
  const { user, auth = {}, expiresInSeconds, maxUses, origin, methods, path } = order
  if (user !== undefined) return 'user'
  if (expiresInSeconds !== undefined) return 'expires_in_seconds'
  if (Object.keys(auth).length > 0) return 'auth'
  if (maxUses !== undefined) return 'max_uses'
  if (origin !== undefined) return 'origin'
  return methods === undefined && path === undefined ? undefined : 'scope'
}

async function conclude(
  backendId: string,
  opened: Opened,
  own: MadeToken,
  order: ConnectOrder,
  context: ConnectContext,
): Promise<Controlled<Connected>> {
  const { spawned, status, cluster, subdomain, staticNonce } = opened
  let token = own
  if (staticNonce !== undefined) {
    const wrong = ownOf(order)
    if (wrong !== undefined) {
      return failed('InvalidRequest', `${wrong}: the backend has one static token for everyone`)
    }
    token = await makeStaticToken(own.backend, staticNonce, context.tokenKeys)
    const row = rowOf(token, order, context.nowSeconds)
    const stub = context.stores.backends.getByName(own.backend)
    const kept = await asking(() => stub.keepStaticToken(row))
    if (!kept.ok) return kept
  }
  const { text, expiresAt, secret, isStatic, idHash } = token
  return {
    ok: true,
    value: {
      ...{ backendId, spawned, status, token: text, cluster, subdomain, expiresAt },
      secretToken: isStatic ? undefined : secret,
      tokenId: tokenIdOf(own.backend, idHash),
    },
  }
}
