import { logFailure } from '../refusal/log-failure.ts'
import type { Backend } from '../store/backend.ts'
import type { BackendIndex } from '../store/backend-index.ts'
import type { BackendKey } from '../store/backend-key.ts'
import type { BackendKeyName } from '../store/backend-plan.ts'
import { backendObjectName } from '../token/connection-token.ts'
import { encodeBase64url } from '../verify/base64url.ts'
import type { ControlFailure, ControlFailureKind, Controlled } from './connections.ts'

/** Where the objects of connections are. */
export interface Stores {
  readonly backends: DurableObjectNamespace<Backend>
  readonly keys: DurableObjectNamespace<BackendKey>
  readonly index: DurableObjectNamespace<BackendIndex>
}

export async function backendObject(
  { backends }: Stores,
  backendId: string,
): Promise<DurableObjectStub<Backend>> {
  return backends.getByName(await backendObjectName(backendId))
}

export async function keyObject(
  { keys }: Stores,
  { namespace, name }: BackendKeyName,
): Promise<DurableObjectStub<BackendKey>> {
  // Two texts as one, and no longer than an object's name may be.
  const bytes = new TextEncoder().encode(JSON.stringify([namespace, name]))
  const digest = await crypto.subtle.digest('SHA-256', bytes)
  return keys.getByName(encodeBase64url(new Uint8Array(digest)))
}

/** An object that cannot be asked is an outage, not an answer. */
export async function asking<T>(ask: () => Promise<T>): Promise<Controlled<T>> {
  try {
    return { ok: true, value: await ask() }
  } catch (error) {
    logFailure('a backend object failed with', error)
    return failed('StoreUnavailable', 'backends cannot be asked about right now')
  }
}

export function failed(
  kind: ControlFailureKind,
  message: string,
): { readonly ok: false; readonly failure: ControlFailure } {
  return { ok: false, failure: { kind, message } }
}

export const noSuchBackend = failed('NotFound', 'Backend does not exist')
