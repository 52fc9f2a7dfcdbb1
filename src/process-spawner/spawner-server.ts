import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { logFailure } from '../refusal/log-failure.ts'
import { boundedText } from './bounded-text.ts'
import type { Answer } from './spawner.ts'
import type { Webhooks } from './webhooks.ts'

const MAX_BODY_BYTES = 2 * 1024 * 1024
const REQUEST_TIMEOUT_MS = 10_000
/** A field's name is as long as whoever sent it likes. */
const MAX_MESSAGE_CHARACTERS = 500

export interface SpawnerServer {
  readonly port: number
  /** Takes no more requests. */
  readonly close: () => void
}

/**
 * Serves signed requests, on any path.
 *
 * @throws ConfigurationError when the port is not to be had
 */
export async function serveSpawner(
  host: string,
  port: number,
  webhooks: Webhooks,
  answer: (body: string) => Answer,
): Promise<SpawnerServer> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    void respond(request, response)
  })
  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { status, message } = await answerRequest(request, webhooks, answer)
    response.writeHead(status, { 'content-type': 'application/json', connection: 'close' })
    response.end(JSON.stringify({ message: message?.slice(0, MAX_MESSAGE_CHARACTERS) }))
  }
  server.listen(port, host)
  try {
    await once(server, 'listening')
  } catch {
    throw new ConfigurationError(`--host, --port: cannot listen on port ${port} of ${host}`)
  }
  return {
    port: (server.address() as AddressInfo).port,
    close: () => void server.close(),
  }
}

/** Nothing but its signature is looked at before the signature was verified. */
async function answerRequest(
  request: IncomingMessage,
  webhooks: Webhooks,
  answer: (body: string) => Answer,
): Promise<Answer> {
  try {
    const body = await boundedText(request.iterator({ destroyOnReturn: false }), MAX_BODY_BYTES)
    if (body === undefined) return { status: 413, message: 'the body is too large' }
    if (!webhooks.isSigned(request.headers, body)) {
      return { status: 401, message: 'the signature is wrong or too old' }
    }
    if (request.method !== 'POST') return { status: 405, message: 'expected a POST' }
    return answer(body)
  } catch (error) {
    logFailure('the spawner failed with', error)
    return { status: 500, message: 'the spawner failed' }
  }
}
