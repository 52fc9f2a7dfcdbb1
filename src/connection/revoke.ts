import type { TokenSelector } from '../store/token-rows.ts'
import { backendObjectName } from '../token/connection-token.ts'
import { readTokenId } from '../token/token-id.ts'
import type { Controlled, Revoked, RevokeSelector } from './connections.ts'
import { asking, failed, keyObject, type Stores } from './stores.ts'

/**
 * @param withinSeconds for how long an isolate may remember that it let a token in
 * @param forget has this isolate ask the `Backend` object again, by its name
 */
export async function revoke(
  selector: RevokeSelector,
  stores: Stores,
  withinSeconds: number,
  forget: (backend: string) => void,
): Promise<Controlled<Revoked>> {
  const found = await tokensMeant(selector, stores)
  if (!found.ok) return found
  if (found.value === undefined) return { ok: true, value: { tokensRevoked: 0, withinSeconds } }
  const { backend, tokens } = found.value
  const asked = await asking(async () => stores.backends.getByName(backend).revoke(tokens))
  if (!asked.ok) return asked
  forget(backend)
  return { ok: true, value: { tokensRevoked: asked.value ?? 0, withinSeconds } }
}

interface TokensMeant {
  /** Name of the `Backend` object. */
  readonly backend: string
  readonly tokens: TokenSelector
}

/** @returns `undefined` for a key that nobody holds */
async function tokensMeant(
  selector: RevokeSelector,
  stores: Stores,
): Promise<Controlled<TokensMeant | undefined>> {
  if ('tokenId' in selector) {
    const id = readTokenId(selector.tokenId)
    if (!id.ok) return failed('InvalidRequest', id.refusal.detail)
    const { backend, hashPrefix } = id.value
    return { ok: true, value: { backend, tokens: { kind: 'id', hashPrefix } } }
  }
  const tokens: TokenSelector =
    'user' in selector ? { kind: 'user', user: selector.user } : { kind: 'all' }
  if ('backendId' in selector) {
    const backend = await backendObjectName(selector.backendId)
    return { ok: true, value: { backend, tokens } }
  }
  const { key } = selector
  const asked = await asking(async () => (await keyObject(stores, key)).hold(undefined))
  if (!asked.ok) return asked
  if (asked.value === undefined) return { ok: true, value: undefined }
  return { ok: true, value: { backend: await backendObjectName(asked.value.backendId), tokens } }
}
