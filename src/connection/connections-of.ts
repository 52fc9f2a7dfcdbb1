import type { BackendAddress } from '../store/backend-plan.ts'
import type { StatusEntry } from '../store/backend-status.ts'
import { backendObjectName, readConnectionToken } from '../token/connection-token.ts'
import { tokenKeys, type TokenKeys } from '../token/token-key.ts'
import { admit, admitByName, refusalFor, verifyByName } from './admit.ts'
import { connect } from './connect.ts'
import type { Connections, Controlled } from './connections.ts'
import { forgetGrants, grantMemory } from './grant-memory.ts'
import { listBackends, listTokens } from './list.ts'
import { revoke } from './revoke.ts'
import { canName, type AddressSpawner } from './address-spawner.ts'
import type { Spawner } from './spawner.ts'
import { stopBackend } from './start-backend.ts'
import { asking, backendObject, noSuchBackend, type Stores } from './stores.ts'

export interface ConnectionSettings {
  readonly stores: Stores
  /** The key that makes tokens, then those that older ones may be made with. */
  readonly keys: readonly [string, ...string[]]
  readonly addressSpawners: readonly AddressSpawner[]
  /** What runs everything else; `undefined`: nothing does. */
  readonly spawner: Spawner | undefined
  /** How long an isolate may let a token in without asking again; 0: it always asks. */
  readonly rememberSeconds: number
  /** How long a request waits for a backend that is starting. */
  readonly startSeconds: number
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

const ENDING_WAIT_MS = 30_000

/** The connections of a gate: what each call asks of which object. */
export function connectionsOf(settings: ConnectionSettings): Connections {
  const { stores, addressSpawners, spawner, rememberSeconds, now } = settings
  const granted = grantMemory(rememberSeconds)
  const waitMs = settings.startSeconds * 1000
  let imported: TokenKeys | undefined
  const keysOnce = async () => (imported ??= await tokenKeys(settings.keys))
  const isServed = (address: BackendAddress) => canName(address, addressSpawners)
  const admitting = { stores, waitMs, granted, tokenKeys: keysOnce, isServed }
  const statuses = async (backendId: string): Promise<Controlled<readonly StatusEntry[]>> => {
    const asked = await asking(async () => (await backendObject(stores, backendId)).statuses())
    return asked.ok && asked.value.length === 0 ? noSuchBackend : asked
  }

  return {
    async connect(order) {
      const nowSeconds = now() / 1000
      const context = { stores, addressSpawners, spawner, nowSeconds, waitMs: ENDING_WAIT_MS }
      return connect(order, { ...context, tokenKeys: await keysOnce() })
    },

    async terminate(backendId, kind) {
      const backend = await backendObjectName(backendId)
      const stub = stores.backends.getByName(backend)
      const ending = await asking(async () => stub.terminate(kind, 'external'))
      if (!ending.ok) return ending
      forgetGrants(granted, backend)
      if (ending.value === 'unknown') return noSuchBackend
      if (ending.value === 'ended') return { ok: true, value: undefined }
      return stopBackend(backendId, kind, spawner, stub)
    },

    revoke: (selector) =>
      revoke(selector, stores, rememberSeconds, (backend) => forgetGrants(granted, backend)),

    statuses,

    async watch(backendId, after) {
      const known = await statuses(backendId)
      if (!known.ok) return known
      const asked = await asking(async () => (await backendObject(stores, backendId)).watch(after))
      if (!asked.ok) return asked
      return { ok: true, value: asked.value.pipeThrough(entriesOfLines()) }
    },

    report: ({ backendId, entry, address, toldAt }) =>
      asking(async () => (await backendObject(stores, backendId)).report(entry, address, toldAt)),

    tokens: (backendId, page) => listTokens(backendId, page, stores),

    backends: (namespace, page) => listBackends(namespace, page, stores),

    admit(token, arrival) {
      return admit(token, arrival, { ...admitting, now: now() })
    },

    admitByName(backendId, token, arrival) {
      return admitByName(backendId, token, arrival, { ...admitting, now: now() })
    },

    verifyByName(backendId, token) {
      return verifyByName(backendId, token, { stores, now: now(), tokenKeys: keysOnce })
    },

    async keepAlive(token) {
      const read = await readConnectionToken(token, await keysOnce(), now() / 1000)
      if (!read.ok) return read.refusal
      const { backend, idHash } = read.value
      const asked = await asking(async () => stores.backends.getByName(backend).keepAlive(idHash))
      // Whoever is in stays in while the object cannot be asked; it is asked again.
      if (!asked.ok || asked.value === undefined) return undefined
      return refusalFor(asked.value)
    },
  }
}

function entriesOfLines(): ReadableWritablePair<StatusEntry, Uint8Array> {
  const decoder = new TextDecoder()
  let rest = ''
  return new TransformStream<Uint8Array, StatusEntry>({
    transform(chunk, controller) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) controller.enqueue(JSON.parse(line) as StatusEntry)
    },
  })
}
