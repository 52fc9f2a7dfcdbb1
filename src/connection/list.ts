import type { TokenRow } from '../store/token-rows.ts'
import { backendObjectName } from '../token/connection-token.ts'
import { tokenIdOf } from '../token/token-id.ts'
import { decodeBase64url, encodeBase64url } from '../verify/base64url.ts'
import type { Controlled, ListedBackend, ListedToken, Page, PageOrder } from './connections.ts'
import { asking, backendObject, noSuchBackend, type Stores } from './stores.ts'

export async function listTokens(
  backendId: string,
  page: PageOrder,
  stores: Stores,
): Promise<Controlled<Page<ListedToken>>> {
  const backend = await backendObjectName(backendId)
  const after = new Uint8Array(decodeBase64url(page.after ?? '') ?? []).buffer
  const asked = await asking(async () =>
    stores.backends.getByName(backend).tokens(after, page.limit + 1),
  )
  if (!asked.ok) return asked
  if (asked.value === undefined) return noSuchBackend
  const listed = (row: TokenRow) => listedToken(row, backend)
  return { ok: true, value: pageOf(asked.value, page, hashOf, listed) }
}

/** What has ended leaves the list here, since only its own object knows. */
export async function listBackends(
  namespace: string,
  page: PageOrder,
  stores: Stores,
): Promise<Controlled<Page<ListedBackend>>> {
  const index = stores.index.getByName(namespace)
  const asked = await asking(async () => {
    const listed = await index.page(page.after ?? '', page.limit + 1)
    const states = await Promise.all(
      listed.map(async ({ backendId }) => (await backendObject(stores, backendId)).ended(0)),
    )
    const over = listed.filter((_, at) => states[at] !== 'alive')
    if (over.length > 0) await index.leave(over.map(({ backendId }) => backendId))
    return { listed, over }
  })
  if (!asked.ok) return asked
  const { listed, over } = asked.value
  const { items, next } = pageOf(
    listed,
    page,
    ({ backendId }) => backendId,
    (backend) => backend,
  )
  const living = items.filter((backend) => !over.includes(backend))
  return { ok: true, value: { items: living.map((entry) => ({ ...entry, namespace })), next } }
}

/** One more row than the page holds says whether there is another page. */
function pageOf<Row, Item>(
  rows: readonly Row[],
  { limit }: PageOrder,
  nameOf: (row: Row) => string,
  itemOf: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const next = rows.length > limit && last !== undefined ? nameOf(last) : undefined
  return { items: shown.map(itemOf), next }
}

function hashOf({ idHash }: TokenRow): string {
  return encodeBase64url(new Uint8Array(idHash))
}

function listedToken(row: TokenRow, backend: string): ListedToken {
  const { idHash, user, isStatic, issuedAt, expiresAt, usesLeft, origin, methods, path } = row
  return {
    ...{ tokenId: tokenIdOf(backend, idHash), user, isStatic, issuedAt, expiresAt, usesLeft },
    ...{ origin, methods, path, revokedAt: row.revokedAt },
  }
}
