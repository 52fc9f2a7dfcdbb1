import { z } from 'zod'
import { apiError, type ApiErrorKind } from './api-error.ts'
import { connectResponse } from './connect-answer.ts'
import { connectRequest } from './connect-request.ts'
import type { ControlScope } from './control-keys.ts'
import { backendList, backendsQuery, tokenList, tokensQuery } from './list-documents.ts'
import { named } from './names.ts'
import { planeAnswerHeaders, revokeRequest, revokeResponse } from './revoke-request.ts'
import { backendStatus, statusDocument } from './status-document.ts'

/** One thing that the control API does: served, and described, from here. */
export interface Operation {
  readonly method: 'get' | 'post'
  /** All of them do the same; the first is the one to use. */
  readonly paths: readonly [string, ...string[]]
  readonly summary: string
  /** Which control key it needs; `public`: none, and every page may read the answer. */
  readonly access: ControlScope | 'public'
  readonly body?: z.ZodType
  readonly query?: z.ZodObject
  readonly headers?: z.ZodObject
  /** The content of the answer, by its type. */
  readonly answer: Readonly<Record<string, z.ZodType>>
  readonly answerHeaders?: z.ZodObject
  readonly failures: readonly ApiErrorKind[]
}

const ok = z.object({ status: z.literal('ok') })

export const operations = {
  connect: {
    method: 'post',
    paths: ['/ctrl/connect'],
    summary: 'Asks for a connection: a token for the backend that holds the key, or for a new one',
    access: 'connect',
    body: connectRequest,
    answer: json(connectResponse),
    failures: [
      'KeyUnheldNoSpawnConfig',
      'KeyHeld',
      'KeyHeldUnhealthy',
      'FailedToAcquireKey',
      'SpawnerUnavailable',
    ],
  },
  softTerminate: {
    method: 'post',
    paths: ['/ctrl/b/:backend/soft-terminate', '/ctrl/c/:cluster/b/:backend/soft-terminate'],
    summary: 'Ends a backend, which may first finish what it does',
    access: 'admin',
    answer: json(z.null()),
    failures: ['NotFound', 'SpawnerUnavailable'],
  },
  hardTerminate: {
    method: 'post',
    paths: ['/ctrl/b/:backend/hard-terminate', '/ctrl/c/:cluster/b/:backend/hard-terminate'],
    summary: 'Ends a backend at once',
    access: 'admin',
    answer: json(z.null()),
    failures: ['NotFound', 'SpawnerUnavailable'],
  },
  revoke: {
    method: 'post',
    paths: ['/ctrl/revoke'],
    summary: 'Revokes tokens: one, those of a user, or all of a backend',
    access: 'admin',
    body: revokeRequest,
    answer: json(revokeResponse),
    failures: [],
  },
  revokeAsPlane: {
    method: 'post',
    paths: ['/ctrl/b/revoke'],
    summary: 'The same; {"backend_id", "user"} is answered as Plane does, the count in headers',
    access: 'admin',
    body: revokeRequest,
    answer: json(z.union([z.literal('Token revoked successfully'), revokeResponse])),
    answerHeaders: planeAnswerHeaders,
    failures: [],
  },
  backends: {
    method: 'get',
    paths: ['/ctrl/backends'],
    summary: 'Lists the backends of a namespace',
    access: 'read',
    query: backendsQuery,
    answer: json(backendList),
    failures: [],
  },
  tokens: {
    method: 'get',
    paths: ['/ctrl/b/:backend/tokens'],
    summary: 'Lists the tokens of a backend; nothing in the list can be used as one',
    access: 'read',
    query: tokensQuery,
    answer: json(tokenList),
    failures: ['NotFound'],
  },
  controlStatus: {
    method: 'get',
    paths: ['/ctrl/status'],
    summary: 'Tells that the control API is there, and its version',
    access: 'read',
    answer: json(ok.extend({ version: z.string(), hash: z.string() })),
    failures: [],
  },
  health: {
    method: 'get',
    paths: ['/pub/health'],
    summary: 'Tells that the gate is there',
    access: 'public',
    answer: json(ok),
    failures: [],
  },
  status: {
    method: 'get',
    paths: ['/pub/b/:backend/status', '/pub/c/:cluster/b/:backend/status'],
    summary: 'Tells a backend’s latest status',
    access: 'public',
    answer: json(statusDocument),
    failures: ['NotFound'],
  },
  statusStream: {
    method: 'get',
    paths: ['/pub/b/:backend/status-stream', '/pub/c/:cluster/b/:backend/status-stream'],
    summary: 'A backend’s statuses as events, from the first or after Last-Event-ID; stays open',
    access: 'public',
    headers: z.object({
      'Last-Event-ID': backendStatus.optional().describe('the status to go on from'),
    }),
    answer: { 'text/event-stream': z.string() },
    failures: ['NotFound'],
  },
  statusData: {
    method: 'get',
    paths: ['/pub/b/:backend/status/stream', '/pub/c/:cluster/b/:backend/status/stream'],
    summary: 'The same for Jamsocket’s clients: lines of data, ISO 8601 times, up to the end',
    access: 'public',
    answer: { 'text/event-stream': z.string() },
    failures: ['NotFound'],
  },
  description: {
    method: 'get',
    paths: ['/_portico/openapi.json'],
    summary: 'This description, as OpenAPI 3.1',
    access: 'public',
    answer: json(z.looseObject({ openapi: z.string() })),
    failures: [],
  },
  page: {
    method: 'get',
    paths: ['/_portico/api'],
    summary: 'This description, to read',
    access: 'public',
    answer: { 'text/html': z.string() },
    failures: [],
  },
} as const satisfies Record<string, Operation>

export type OperationName = keyof typeof operations

/** As `[name, operation]`, which the type of `Object.entries` would lose. */
export const namedOperations = Object.entries(operations) as readonly [OperationName, Operation][]

named.add(apiError, { id: 'ApiError' })

function json(schema: z.ZodType) {
  return { 'application/json': schema }
}
