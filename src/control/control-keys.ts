import { AUTHORIZATION_ONLY } from '../carry/carriers.ts'
import { findCredential } from '../carry/find-credential.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { secretMatch } from '../verify/secret-match.ts'
import { errorResponse } from './api-error.ts'

const CONTROL_SCOPES = ['admin', 'connect', 'read'] as const

/** `connect` asks for connections and does nothing else, `read` only looks, `admin` does everything. */
export type ControlScope = (typeof CONTROL_SCOPES)[number]

export interface ControlKey {
  /** 32 to 512 visible ASCII characters without a comma. */
  readonly key: string
  readonly scope: ControlScope
}

/** What stands in the caller's way, `undefined` if nothing does. `any`: each key is enough. */
export type Authorize = (
  headers: Headers,
  needed: ControlScope | 'any',
) => Promise<Response | undefined>

// A header is split at commas.
const KEY = /^[!-+\--~]{32,512}$/
const REALM = 'Bearer realm="portico"'

/** @throws ConfigurationError that names the key which is wrong */
export function controlKeys(keys: readonly ControlKey[]): Authorize {
  checkKeys(keys)
  const match = secretMatch(keys.map(({ key }) => key))

  return async (headers, needed) => {
    const found = findCredential(headers, '', AUTHORIZATION_ONLY)
    if (!found.ok) return unauthorized(`${REALM}, error="invalid_request"`)
    if (found.value === undefined) return unauthorized(REALM)
    const place = await match(found.value.token)
    const scope = place === undefined ? undefined : keys[place]?.scope
    if (scope === undefined) return unauthorized(`${REALM}, error="invalid_token"`)
    if (scope === 'admin' || needed === 'any' || scope === needed) return undefined
    return errorResponse(
      { kind: 'Forbidden', message: `This needs a control key with the scope ${needed}.` },
      { 'www-authenticate': `${REALM}, error="insufficient_scope", scope="${needed}"` },
    )
  }
}

function checkKeys(keys: readonly ControlKey[]): void {
  if (keys.length === 0)
    throw new ConfigurationError('connections.controlKeys: expected at least one')
  for (const [index, { key, scope }] of keys.entries()) {
    if (!KEY.test(key)) {
      throw new ConfigurationError(
        `connections.controlKeys[${index}].key: expected 32 to 512 visible ASCII characters without a comma`,
      )
    }
    if (!CONTROL_SCOPES.includes(scope)) {
      throw new ConfigurationError(
        `connections.controlKeys[${index}].scope: expected one of ${CONTROL_SCOPES.join(', ')}`,
      )
    }
  }
  if (new Set(keys.map(({ key }) => key)).size < keys.length) {
    throw new ConfigurationError('connections.controlKeys: one key stands there twice')
  }
}

/** One answer for a missing and a wrong key, but for the challenge (RFC 6750, section 3.1). */
function unauthorized(challenge: string): Response {
  return errorResponse(
    { kind: 'Unauthorized', message: 'This needs a control key: Authorization: Bearer <key>.' },
    { 'www-authenticate': challenge },
  )
}
