import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

/** What a gate asked, once its signature was found to be right. */
interface Asked {
  readonly id: string
  readonly type: string
  readonly data: {
    readonly backend_id: string
    readonly executable?: unknown
    readonly key?: { readonly namespace: string; readonly name: string }
    readonly kind?: string
    readonly static_token?: string
    readonly max_idle_seconds?: number
  }
}

export interface SpawnerServer {
  readonly url: string
  /** Resolves with the next thing that is asked. */
  readonly next: () => Promise<Asked>
  /** All that was asked so far. */
  readonly asked: readonly Asked[]
  /** What the coming requests are answered with, one after the other; 202 after the last. */
  readonly answerWith: (...answers: readonly (readonly [status: number, body?: object])[]) => void
  readonly stop: () => Promise<void>
}

export const SPAWNER_SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'

/** A spawner that runs nothing: it takes what a gate asks, and refuses what is not signed. */
export async function startSpawnerServer(secret = SPAWNER_SECRET): Promise<SpawnerServer> {
  const asked: Asked[] = []
  const answers: (readonly [status: number, body?: object])[] = []
  let waiting: ((what: Asked) => void)[] = []
  const webhook = new Webhook(secret)

  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await text(request)
    const headers = request.headers as Record<string, string>
    try {
      webhook.verify(body, headers)
    } catch {
      response.writeHead(401).end()
      return
    }
    const event = { ...(JSON.parse(body) as Omit<Asked, 'id'>), id: headers['webhook-id'] ?? '' }
    asked.push(event)
    const [status, answer = {}] = answers.shift() ?? [202]
    // Where a redirect leads, if it is one: back to where the same request is taken.
    const headersOf = { 'content-type': 'application/json', location: '/spawn' }
    response.writeHead(status, headersOf).end(JSON.stringify(answer))
    for (const tell of waiting.splice(0)) tell(event)
  }
  const server = createServer((request, response) => void handle(request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}/spawn`,
    asked,
    next() {
      const { promise, resolve } = Promise.withResolvers<Asked>()
      waiting = [...waiting, resolve]
      return promise
    },
    answerWith: (...given) => void answers.push(...given),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/**
 * A report of a spawner, as Standard Webhooks signs it.
 *
 * @param how `change` is what somebody does to the body after it was signed
 */
export function reportTo(
  origin: string,
  data: object,
  { secret = SPAWNER_SECRET, at = new Date(), type = 'backend.status', change = unchanged } = {},
): Promise<Response> {
  const body = JSON.stringify({ type, timestamp: at.toISOString(), data })
  const id = `report-${crypto.randomUUID()}`
  return fetch(`${origin}/_portico/spawner`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, body),
    },
    body: change(body),
  })
}

function unchanged(body: string): string {
  return body
}
