import type { Context } from 'hono'
import type { Connections, Controlled } from '../connection/connections.ts'
import { errorResponse, noSuchBackend, type ApiFailure, type Read } from '../control/api-error.ts'
import { backendOf } from '../control/backend-parameter.ts'
import { jsonAnswer } from '../control/json-answer.ts'
import { readBody } from '../control/read-request.ts'
import { isoStatusDocumentOf } from '../control/status-document.ts'
import { statusStream } from '../control/status-stream.ts'
import { findBackend, gatherBackends } from './backends-of-services.ts'
import { connectOrder, ownMessage } from './connect-request.ts'
import { connectedDocument, infoDocument, listedDocument, spawnedDocument } from './documents.ts'
import { readBodyIfAny } from './request-body.ts'
import { DEFAULT_ENVIRONMENT, type Services, type Target } from './services.ts'
import { fieldMessage, spawnOrder } from './spawn-request.ts'
import { terminateAll, terminateAllRequest, terminateRequest } from './terminate.ts'
import { v1Statuses, v1Stream } from './v1-status.ts'

export interface HandlerSettings {
  readonly services: Services
  readonly backendDomain: string | undefined
  readonly keepAliveSeconds: number
}

/** What each route does. Who may ask for it has been settled before. */
export function handlersOf(
  connections: Connections,
  { services, backendDomain, keepAliveSeconds }: HandlerSettings,
) {
  const targetOf = (c: Context): Read<Target> => {
    const { account = '', service = '', environment = DEFAULT_ENVIRONMENT } = c.req.param()
    const target = services.find({ account, service }, environment)
    return target === undefined ? noSuchService : { ok: true, value: target }
  }

  const statusesOf = async (c: Context) => {
    const backend = backendOf(c)
    if (!backend.ok) return backend
    const known = await connections.statuses(backend.value)
    return known.ok ? { ok: true as const, value: known.value.map(isoStatusDocumentOf) } : known
  }

  const stream = async (
    c: Context,
    inForm: (body: ReadableStream<Uint8Array>, backendId: string) => ReadableStream,
  ) => {
    const backend = backendOf(c)
    if (!backend.ok) return errorResponse(backend.failure)
    const watched = await connections.watch(backend.value, undefined)
    if (!watched.ok) return errorResponse(watched.failure)
    const { headers, body } = statusStream(watched.value, undefined, 'data', keepAliveSeconds)
    // Hono takes the body off the answer to a HEAD, and would leave it running.
    if (c.req.method === 'HEAD') await body?.cancel()
    const shown = c.req.method === 'HEAD' || body === null ? null : inForm(body, backend.value)
    return new Response(shown, { headers })
  }

  return {
    async connect(c: Context) {
      const target = targetOf(c)
      if (!target.ok) return errorResponse(target.failure)
      const order = await readBodyIfAny(c.req.raw, connectOrder(target.value))
      if (!order.ok) return errorResponse(order.failure)
      const connected = await connections.connect(order.value)
      return answer(connected, (value) => connectedDocument(value, c.req.url))
    },

    async spawn(c: Context) {
      const { account = '', service = '' } = c.req.param()
      const order = await readBodyIfAny(
        c.req.raw,
        spawnOrder((environment) => services.find({ account, service }, environment)),
      )
      if (!order.ok) return errorResponse(order.failure)
      if (order.value === undefined) return errorResponse(noSuchService.failure)
      const isOpen = order.value.spawn?.isOpen === true
      const connected = await connections.connect(order.value)
      return answer(
        connected,
        (value) => spawnedDocument(value, c.req.url, backendDomain, isOpen),
        fieldMessage,
      )
    },

    async status(c: Context) {
      const known = await statusesOf(c)
      if (!known.ok) return errorResponse(known.failure)
      const latest = known.value.at(-1)
      return latest === undefined ? errorResponse(noSuchBackend) : jsonAnswer(latest)
    },

    async statusOfV1(c: Context) {
      const known = await statusesOf(c)
      if (!known.ok) return errorResponse(known.failure)
      const v1Of = v1Statuses(c.req.param('backend') ?? '')
      const latest = known.value.map(v1Of).findLast((told) => told !== undefined)
      return latest === undefined ? errorResponse(noSuchBackend) : jsonAnswer(latest)
    },

    statusStream: (c: Context) => stream(c, (body) => body),
    statusStreamOfV1: (c: Context) => stream(c, v1Stream),

    async info(c: Context) {
      const backend = backendOf(c)
      if (!backend.ok) return errorResponse(backend.failure)
      const known = await connections.statuses(backend.value)
      if (!known.ok) return errorResponse(known.failure)
      const found = await findBackend(connections, services.all, backend.value)
      return answer(found, (value) => infoDocument(backend.value, known.value, value))
    },

    async terminate(c: Context) {
      const backend = backendOf(c)
      if (!backend.ok) return errorResponse(backend.failure)
      const read = await readBodyIfAny(c.req.raw, terminateRequest)
      if (!read.ok) return errorResponse(read.failure)
      const kind = read.value.hard === true ? 'hard' : 'soft'
      return answer(await connections.terminate(backend.value, kind), () => ({ status: 'ok' }))
    },

    async terminateByV1(c: Context) {
      const backend = backendOf(c)
      if (!backend.ok) return errorResponse(backend.failure)
      return answer(await connections.terminate(backend.value, 'hard'), () => ({ status: 'ok' }))
    },

    async list(c: Context) {
      const own = services.all.filter(({ account }) => account === c.req.param('account'))
      const gathered = await gatherBackends(connections, own)
      if (!gathered.ok) return errorResponse(gathered.failure)
      const documents = gathered.value.found.map(async (found) => {
        const known = await connections.statuses(found.backend.backendId)
        return listedDocument(found, known.ok ? known.value.at(-1) : undefined)
      })
      return jsonAnswer({ running_backends: await Promise.all(documents) })
    },

    async terminateAll(c: Context) {
      const target = targetOf(c)
      if (!target.ok) return errorResponse(target.failure)
      const read = await readBody(c.req.raw, terminateAllRequest)
      if (!read.ok) return errorResponse(read.failure)
      return answer(await terminateAll(connections, target.value, read.value), (done) => done)
    },

    async auth() {
      const accounts = [...new Set(services.all.map(({ account }) => account))]
      return jsonAnswer({ status: 'ok', accounts, is_admin: false })
    },
  }
}

const noSuchService: { readonly ok: false; readonly failure: ApiFailure } = {
  ok: false,
  failure: { kind: 'NotFound', message: 'Service does not exist' },
}

/** @param inOwnWords names a field in a message as the caller does */
function answer<T>(
  result: Controlled<T>,
  documentOf: (value: T) => unknown,
  inOwnWords = ownMessage,
): Response {
  if (result.ok) return jsonAnswer(documentOf(result.value))
  const { kind, message } = result.failure
  return errorResponse({ kind, message: inOwnWords(message) })
}
