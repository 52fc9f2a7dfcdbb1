import { ADMIN_KEY } from './connection-keys.ts'
import { eventsOf } from './event-stream.ts'
import { serveWorker, type ServedWorker } from './serve-worker.ts'
import type { Report, Starting } from './spawner-orders.ts'
import { startBackend, type BackendProcess } from './start-backend.ts'

export interface ConnectAnswer {
  readonly backend_id: string
  readonly spawned: boolean
  readonly status: string
  readonly token: string
  readonly url: string
  readonly subdomain: string | null
  readonly secret_token: string | null
  readonly status_url: string
  readonly drone: null
  readonly token_id: string
  readonly expires_at: string | null
}

export interface StatusDocument {
  readonly status: string
  readonly time: number
  readonly termination_reason?: string
  readonly termination_kind?: string
  readonly exit_error?: boolean
}

export interface ConnectionGate {
  readonly worker: ServedWorker
  readonly backend: BackendProcess
  readonly url: (path: string) => string
  /** Asks for a connection, to the backend process unless the spawn config says another place. */
  readonly connect: (request?: object, spawn?: object | null) => Promise<ConnectAnswer>
  /** The same with the admin's key, for every other answer than 200. */
  readonly control: (path: string, body?: unknown, key?: string) => Promise<Response>
  /** The statuses as its stream tells them, up to and with `last`. */
  readonly statusesUntil: (last: string, backendId: string) => Promise<StatusDocument[]>
  readonly start: (starting: Starting) => Promise<void>
  readonly report: (report: Report) => Promise<void>
  /** How often the Worker reached for one of its objects. */
  readonly reached: () => Promise<number>
  readonly stop: () => Promise<void>
}

/**
 * Starts the backend process, and a gate in front of it that gives out connections.
 *
 * @param options of the gate's connections, instead of the fixture's own
 * @param otherOrigins that backends may have beside the process's
 */
export async function serveConnections(
  options: object = {},
  otherOrigins: readonly string[] = [],
): Promise<ConnectionGate> {
  const backend = await startBackend()
  const worker = await serveWorker({
    entry: 'test/fixtures/connections-gate.ts',
    vars: {
      ORIGINS: JSON.stringify([backend.origin, ...otherOrigins]),
      OPTIONS: JSON.stringify(options),
    },
    rooms: {
      BACKEND: 'Backend',
      BACKEND_KEY: 'BackendKey',
      BACKEND_INDEX: 'BackendIndex',
      ECHO_ROOM: 'EchoRoom',
    },
    services: { service: 'test/fixtures/backend-service.ts' },
  })
  const url = (path: string) => worker.origin + path
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(url(path), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body) ?? null,
    })
  const control: ConnectionGate['control'] = (path, body, key = ADMIN_KEY) =>
    post(path, body, { authorization: `Bearer ${key}` })

  return {
    worker,
    backend,
    url,
    control,
    async connect(request = {}, spawn = {}) {
      const executable = { origin: backend.origin }
      const spawn_config = spawn === null ? null : { executable, ...spawn }
      const response = await told(await control('/ctrl/connect', { spawn_config, ...request }))
      return (await response.json()) as ConnectAnswer
    },
    async statusesUntil(last, backendId) {
      const statuses: StatusDocument[] = []
      const response = await told(await fetch(url(`/pub/b/${backendId}/status-stream`)))
      for await (const { data } of eventsOf(response)) {
        const document = JSON.parse(data) as StatusDocument
        statuses.push(document)
        if (document.status === last) return statuses
      }
      throw new Error(`the stream ended before ${last}`)
    },
    start: async (starting) => void (await told(await post('/test/start', starting))),
    report: async (report) => void (await told(await post('/test/report', report))),
    reached: async () => Number(await (await fetch(url('/test/reached'))).text()),
    async stop() {
      // First the backend: workerd waits for the requests that are under way.
      await backend.stop()
      await worker.stop()
    },
  }
}

async function told(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
  return response
}
