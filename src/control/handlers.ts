import type { Context } from 'hono'
import type { Connections, Controlled } from '../connection/connections.ts'
import { isStatus, type TerminationKind } from '../store/backend-status.ts'
import { apiPage } from './api-page.tsx'
import { errorResponse, noSuchBackend } from './api-error.ts'
import { connectAnswer } from './connect-answer.ts'
import { connectRequest, orderOf } from './connect-request.ts'
import { backendListOf, pageOrderOf, tokenListOf } from './list-documents.ts'
import { backendOf } from './backend-parameter.ts'
import { jsonAnswer } from './json-answer.ts'
import { openApiDocument } from './openapi.ts'
import { operations, type OperationName } from './operations.ts'
import { readBody, readQuery } from './read-request.ts'
import { isPlaneForm, revokeAnswer, selectorOf } from './revoke-request.ts'
import { statusDocumentOf } from './status-document.ts'
import { statusStream, type StreamForm } from './status-stream.ts'
import { VERSION } from './version.ts'

type Handler = (c: Context) => Promise<Response>

/** What each operation does. Who may ask for it has been settled before. */
export function handlersOf(
  connections: Connections,
  keepAliveSeconds: number,
): Readonly<Record<OperationName, Handler>> {
  const terminate = (kind: TerminationKind) => async (c: Context) => {
    const backend = backendOf(c)
    if (!backend.ok) return errorResponse(backend.failure)
    return answer(await connections.terminate(backend.value, kind), () => null)
  }

  const stream = (form: StreamForm) => async (c: Context) => {
    const backend = backendOf(c)
    if (!backend.ok) return errorResponse(backend.failure)
    const lastId = form === 'plane' ? c.req.header('last-event-id') : undefined
    const after = lastId !== undefined && isStatus(lastId) ? lastId : undefined
    const watched = await connections.watch(backend.value, after)
    if (!watched.ok) return errorResponse(watched.failure)
    const response = statusStream(watched.value, after, form, keepAliveSeconds)
    // Hono takes the body off the answer to a HEAD, and would leave it running.
    if (c.req.method === 'HEAD') await response.body?.cancel()
    return response
  }

  const revoke = async (c: Context, isPlane: boolean) => {
    const read = await readBody(c.req.raw, operations.revoke.body)
    if (!read.ok) return errorResponse(read.failure)
    const revoked = await connections.revoke(selectorOf(read.value))
    if (!isPlane || !isPlaneForm(read.value)) return answer(revoked, revokeAnswer)
    const response = answer(revoked, () => 'Token revoked successfully')
    if (!revoked.ok) return response
    const { tokensRevoked, withinSeconds } = revoked.value
    response.headers.set('x-portico-tokens-revoked', String(tokensRevoked))
    response.headers.set('x-portico-revoked-within-seconds', String(withinSeconds))
    return response
  }

  return {
    async connect(c) {
      const read = await readBody(c.req.raw, connectRequest)
      if (!read.ok) return errorResponse(read.failure)
      const connected = await connections.connect(orderOf(read.value))
      return answer(connected, (value) => connectAnswer(value, c.req.url))
    },
    softTerminate: terminate('soft'),
    hardTerminate: terminate('hard'),
    revoke: (c) => revoke(c, false),
    revokeAsPlane: (c) => revoke(c, true),
    async backends(c) {
      const query = readQuery(c.req.url, operations.backends.query)
      if (!query.ok) return errorResponse(query.failure)
      const listed = await connections.backends(query.value.namespace, pageOrderOf(query.value))
      return answer(listed, backendListOf)
    },
    async tokens(c) {
      const backend = backendOf(c)
      if (!backend.ok) return errorResponse(backend.failure)
      const query = readQuery(c.req.url, operations.tokens.query)
      if (!query.ok) return errorResponse(query.failure)
      return answer(await connections.tokens(backend.value, pageOrderOf(query.value)), tokenListOf)
    },
    controlStatus: async () => jsonAnswer({ status: 'ok', version: VERSION, hash: 'unknown' }),
    health: async () => jsonAnswer({ status: 'ok' }),
    async status(c) {
      const backend = backendOf(c)
      if (!backend.ok) return errorResponse(backend.failure)
      const known = await connections.statuses(backend.value)
      const latest = known.ok ? known.value.at(-1) : undefined
      if (latest !== undefined) return jsonAnswer(statusDocumentOf(latest))
      return errorResponse(known.ok ? noSuchBackend : known.failure)
    },
    statusStream: stream('plane'),
    statusData: stream('data'),
    description: async () => jsonAnswer(openApiDocument()),
    page: apiPage,
  }
}

function answer<T>(result: Controlled<T>, documentOf: (value: T) => unknown): Response {
  return result.ok ? jsonAnswer(documentOf(result.value)) : errorResponse(result.failure)
}
