import { z } from 'zod'
import type { RevokeSelector, Revoked } from '../connection/connections.ts'
import { exactly } from './exactly.ts'
import { backendName, count, keyName, named, namespace } from './names.ts'

// A misspelt `user` would revoke everybody's tokens.
const FORMS =
  '{"token_id"}, {"backend_id", "user"?}, {"backend", "user"?} or {"key": {"name", "namespace"?}, "user"?}'

const user = z.string().optional().describe('only this user’s tokens; default: all')
const byToken = exactly(FORMS, { token_id: z.string().min(1).max(128) })
const byBackend = exactly(FORMS, { backend_id: backendName, user })
const byBackendToo = exactly(FORMS, {
  backend: backendName.describe('another name of `backend_id`'),
  user,
})
const byKey = exactly(FORMS, {
  key: exactly(FORMS, { name: keyName, namespace: namespace.default('') }),
  user,
})

export const revokeRequest = z
  .union([byToken, byBackend, byBackendToo, byKey], {
    error: `expected ${FORMS}, and nothing else`,
  })
  .register(named, { id: 'RevokeRequest' })

type RevokeRequest = z.output<typeof revokeRequest>

export const revokeResponse = z
  .object({
    tokens_revoked: count,
    leases_closed: count,
    rooms_reached: count,
    within_seconds: count.describe('for how long a revoked token may still be let in'),
  })
  .register(named, { id: 'RevokeResponse' })

/** Of the answer in Plane's form, which has no place for them. */
export const planeAnswerHeaders = z.object({
  'X-Portico-Tokens-Revoked': count.describe('as `tokens_revoked`; only with Plane’s answer'),
  'X-Portico-Revoked-Within-Seconds': count.describe(
    'as `within_seconds`; only with Plane’s answer',
  ),
})

export function selectorOf(request: RevokeRequest): RevokeSelector {
  if ('token_id' in request) return { tokenId: request.token_id }
  const backend =
    'key' in request
      ? { key: { name: request.key.name, namespace: request.key.namespace } }
      : { backendId: 'backend' in request ? request.backend : request.backend_id }
  return request.user === undefined ? backend : { ...backend, user: request.user }
}

/** The one form that Plane has, and so the one that it answers. */
export function isPlaneForm(request: RevokeRequest): boolean {
  return 'backend_id' in request && request.user !== undefined
}

/** No connection holds a lease yet, so that none is closed. */
export function revokeAnswer(revoked: Revoked): z.output<typeof revokeResponse> {
  return {
    tokens_revoked: revoked.tokensRevoked,
    leases_closed: 0,
    rooms_reached: 0,
    within_seconds: revoked.withinSeconds,
  }
}
