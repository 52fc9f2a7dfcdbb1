import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

/** What a spawner told of one backend. */
interface ToldStatus {
  readonly backend_id: string
  readonly status: string
  readonly address?: { readonly origin: string }
  readonly reason?: string
  readonly exit_code?: number
}

type Wanted = 'running' | 'soft' | 'hard' | 'nothing'

export interface ReportGate {
  readonly url: string
  /** All that was told and kept, in its order. */
  readonly told: readonly ToldStatus[]
  /** How many requests were not signed as they have to be. */
  readonly unsigned: () => number
  /** Resolves with the first report of a backend, now or earlier, that has this status. */
  readonly status: (backendId: string, status: string) => Promise<ToldStatus>
  /** Resolves with the next report of a backend. */
  readonly next: (backendId: string) => Promise<ToldStatus>
  /** What the coming reports of a backend are answered with. */
  readonly want: (backendId: string, wanted: Wanted) => void
  /** Keeps no report until it is called with 200. */
  readonly answerWith: (status: number) => void
  /** Resolves when it has answered once more with something else than 200. */
  readonly failed: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** The one endpoint of a gate that spawners know, on a real port. */
export async function startReportGate(secret: string): Promise<ReportGate> {
  const webhook = new Webhook(secret)
  const told: ToldStatus[] = []
  const wanted = new Map<string, Wanted>()
  let unsigned = 0
  let answerStatus = 200

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const event = verified(request, body)
    if (event === undefined) {
      unsigned += 1
      response.writeHead(401).end()
      return
    }
    if (answerStatus !== 200) {
      response.writeHead(answerStatus).end()
      server.emit('failed')
      return
    }
    const status = event.data
    const answer = status.status === 'terminated' ? 'nothing' : wanted.get(status.backend_id)
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ wanted: answer ?? 'running', report_in_ms: 100 }))
    told.push(status)
    server.emit('told', status)
  }

  function verified(request: IncomingMessage, body: string): { data: ToldStatus } | undefined {
    try {
      const isPlace = request.method === 'POST' && request.url === '/_portico/spawner'
      const event = webhook.verify(body, request.headers as Record<string, string>)
      return isPlace ? (event as { data: ToldStatus }) : undefined
    } catch {
      return undefined
    }
  }

  const server = createServer((request, response) => void handle(request, response))
  server.setMaxListeners(0)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  async function next(backendId: string): Promise<ToldStatus> {
    for (;;) {
      const [status] = (await once(server, 'told')) as [ToldStatus]
      if (status.backend_id === backendId) return status
    }
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    told,
    unsigned: () => unsigned,
    async status(backendId, status) {
      for (;;) {
        const found = told.find((one) => one.backend_id === backendId && one.status === status)
        if (found !== undefined) return found
        await once(server, 'told')
      }
    },
    next,
    want: (backendId, what) => void wanted.set(backendId, what),
    answerWith: (status) => void (answerStatus = status),
    failed: async () => void (await once(server, 'failed')),
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
