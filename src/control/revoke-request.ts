import { z } from 'zod'
import type { RevokeSelector, Revoked } from '../connection/connections.ts'
import { backendName, keyName, named, namespace } from './names.ts'

/** Only here are unknown fields refused: a misspelt `user` would revoke everybody's tokens. */
function exactly<T extends z.core.$ZodLooseShape>(shape: T) {
  return z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? `expected ${FORMS}` : undefined),
  })
}

const FORMS =
  '{"token_id"}, {"backend_id", "user"?} or {"key": {"name", "namespace"?}, "user"?}, and nothing else'

const user = z.string().optional().describe('only this user’s tokens; default: all')
const byToken = exactly({ token_id: z.string().min(1).max(128) })
const byBackend = exactly({ backend_id: backendName, user })
const byKey = exactly({
  key: exactly({ name: keyName, namespace: namespace.default('') }),
  user,
})

export const revokeRequest = z
  .union([byToken, byBackend, byKey], { error: `expected ${FORMS}` })
  .register(named, { id: 'RevokeRequest' })

type RevokeRequest = z.output<typeof revokeRequest>

export const revokeResponse = z
  .object({
    tokens_revoked: z.int(),
    leases_closed: z.int(),
    rooms_reached: z.int(),
    within_seconds: z.int().describe('for how long a revoked token may still be let in'),
  })
  .register(named, { id: 'RevokeResponse' })

export function selectorOf(request: RevokeRequest): RevokeSelector {
  if ('token_id' in request) return { tokenId: request.token_id }
  const backend =
    'key' in request
      ? { key: { name: request.key.name, namespace: request.key.namespace } }
      : { backendId: request.backend_id }
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
