import { setTimeout as wait } from 'node:timers/promises'
import { ADMIN_KEY } from '../connection-keys.ts'
import { eventsOf } from '../event-stream.ts'
import type { ConnectAnswer, StatusDocument } from '../serve-connections.ts'

/** What came of a call: `status` is 0 where nobody answered. */
export type Called<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly status: number; readonly text: string }

export interface Order {
  readonly key: string
  readonly id: string
  readonly image: string
  readonly mode: string
}

export interface GateClient {
  readonly connect: (order: Order) => Promise<Called<ConnectAnswer>>
  readonly terminate: (backendId: string, kind: 'soft' | 'hard') => Promise<Called<unknown>>
  /** What became of a backend so far; `undefined`: the gate knows none with this id. */
  readonly history: (backendId: string) => Promise<StatusDocument[] | undefined>
  /** The same once it has got somewhere, however often the gate is killed meanwhile. */
  readonly until: (
    backendId: string,
    isThere: (status: string) => boolean,
    patienceMs?: number,
  ) => Promise<StatusDocument[]>
  /** What a backend says of itself to who holds this token. */
  readonly use: (token: string) => Promise<Called<Self>>
}

interface Self {
  readonly pid: number
  readonly environment: Readonly<Record<string, string>>
}

/** Longer than a gate waits for a backend that ends, and asks a spawner. */
const CALL_MS = 50_000
export const PATIENCE_MS = 30_000
const AGAIN_MS = 25

/** A gate that is killed now and then, as its callers have it. */
export function gateClient(origin: string): GateClient {
  async function call<T>(path: string, body?: object): Promise<Called<T>> {
    const isCall = body !== undefined
    try {
      const response = await fetch(origin + path, {
        method: isCall ? 'POST' : 'GET',
        headers: isCall
          ? { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' }
          : {},
        body: isCall ? JSON.stringify(body) : null,
        signal: AbortSignal.timeout(CALL_MS),
      })
      const text = await response.text()
      if (!response.ok) return { ok: false, status: response.status, text: text.slice(0, 300) }
      return { ok: true, value: JSON.parse(text) as T }
    } catch (error) {
      return { ok: false, status: 0, text: String(error) }
    }
  }

  /** The history as it comes, until the gate or its patience ends. */
  async function follow(
    backendId: string,
    isEnough: (last: StatusDocument) => boolean,
    signal: AbortSignal,
  ): Promise<StatusDocument[] | 'unknown' | 'broken'> {
    const statuses: StatusDocument[] = []
    try {
      const response = await fetch(`${origin}/pub/b/${backendId}/status-stream`, { signal })
      if (response.status === 404) {
        await response.body?.cancel()
        return 'unknown'
      }
      for await (const { data } of eventsOf(response)) {
        const status = JSON.parse(data) as StatusDocument
        statuses.push(status)
        if (isEnough(status)) return statuses
      }
    } catch {
      // It was killed, or asked while it was not there.
    }
    return 'broken'
  }

  return {
    connect: ({ key, id, image, mode }) =>
      call('/ctrl/connect', {
        key: { namespace: 'kills', name: key },
        spawn_config: { id, executable: { image, env: { KEY: key, MODE: mode } } },
      }),
    terminate: (backendId, kind) => call(`/ctrl/b/${backendId}/${kind}-terminate`, {}),
    async history(backendId) {
      for (let left = PATIENCE_MS / AGAIN_MS; left > 0; left--) {
        const last = await call<StatusDocument>(`/pub/b/${backendId}/status`)
        if (!last.ok && last.status === 404) return undefined
        if (last.ok) {
          const isLast = ({ time }: StatusDocument) => time >= last.value.time
          const told = await follow(backendId, isLast, AbortSignal.timeout(PATIENCE_MS))
          if (Array.isArray(told)) return told
        }
        await wait(AGAIN_MS)
      }
      throw new Error(`the gate does not say what became of ${backendId}`)
    },
    async until(backendId, isThere, patienceMs = PATIENCE_MS) {
      const patience = AbortSignal.timeout(patienceMs)
      let last = 'nothing'
      while (!patience.aborted) {
        const isEnough = ({ status }: StatusDocument) => isThere((last = status))
        const told = await follow(backendId, isEnough, patience)
        if (Array.isArray(told)) return told
        if (told === 'unknown') last = 'unknown'
        await wait(AGAIN_MS)
      }
      throw new Error(`${backendId} is ${last} for too long`)
    },
    use: (token) => call(`/${token}/self`),
  }
}
