import { z } from 'zod'
import type { ListedBackend, ListedToken, Page, PageOrder } from '../connection/connections.ts'
import { isoTime, isoTimeOf } from './iso-time.ts'
import { backendKey, backendName, count, named, namespace } from './names.ts'

/** Each backend of a page costs an object call. */
const MAX_LIMIT = 100
const DEFAULT_LIMIT = 50

const limit = z
  .string()
  .regex(/^(?:[1-9][0-9]?|100)$/, `expected a whole number from 1 to ${MAX_LIMIT}`)
  .optional()
  .describe(`1 to ${MAX_LIMIT}, default ${DEFAULT_LIMIT}`)

/** The hash of 32 bytes that the list is sorted by. With a damaged one it would start all over. */
const tokenCursor = z
  .string()
  .regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/, 'expected `next` of the page before')

export const tokensQuery = z.object({ after: after(tokenCursor), limit })

export const backendsQuery = z.object({
  namespace: namespace.default('').describe('of the keys; default: the empty one'),
  after: after(backendName),
  limit,
})

function after(cursor: z.ZodString) {
  return cursor.optional().describe('`next` of the page before')
}

const listedBackend = z
  .object({
    backend_id: z.string(),
    key: backendKey.nullable(),
    namespace: z.string(),
    created_at: isoTime,
  })
  .register(named, { id: 'ListedBackend' })

const listedToken = z
  .object({
    token_id: z.string(),
    user: z.string().nullable(),
    is_static: z.boolean(),
    issued_at: isoTime,
    expires_at: isoTime.nullable(),
    uses_left: count.nullable(),
    origin: z.string().nullable(),
    scope: z.object({
      methods: z.array(z.string()).nullable(),
      path: z.string().nullable(),
    }),
    revoked_at: isoTime.nullable(),
  })
  .register(named, { id: 'ListedToken' })

const next = z.string().optional().describe('where the next page starts; absent on the last one')

export const backendList = z
  .object({ backends: z.array(listedBackend), next })
  .register(named, { id: 'BackendList' })

export const tokenList = z
  .object({ tokens: z.array(listedToken), next })
  .register(named, { id: 'TokenList' })

export function pageOrderOf(query: z.output<typeof tokensQuery>): PageOrder {
  return { after: query.after, limit: Number(query.limit ?? DEFAULT_LIMIT) }
}

export function backendListOf(page: Page<ListedBackend>): z.output<typeof backendList> {
  const backends = page.items.map((item) => ({
    backend_id: item.backendId,
    key: item.key === undefined ? null : { name: item.key.name, namespace: item.key.namespace },
    namespace: item.namespace,
    created_at: new Date(item.createdAt).toISOString(),
  }))
  return { backends, ...nextOf(page) }
}

export function tokenListOf(page: Page<ListedToken>): z.output<typeof tokenList> {
  const tokens = page.items.map((item) => ({
    token_id: item.tokenId,
    user: item.user ?? null,
    is_static: item.isStatic,
    issued_at: new Date(item.issuedAt * 1000).toISOString(),
    expires_at: isoTimeOf(item.expiresAt),
    uses_left: item.usesLeft ?? null,
    origin: item.origin ?? null,
    scope: { methods: item.methods ? [...item.methods] : null, path: item.path ?? null },
    revoked_at: isoTimeOf(item.revokedAt),
  }))
  return { tokens, ...nextOf(page) }
}

function nextOf({ next: position }: Page<unknown>): { readonly next?: string } {
  return position === undefined ? {} : { next: position }
}
