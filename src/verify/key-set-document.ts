import type { Algorithm } from './algorithms.ts'
import { checkJwk } from './checked-jwk.ts'
import { pinKey, type PinnedKey } from './pinned-key.ts'

const MAX_BYTES = 64 * 1024
const MAX_KEYS = 32
const TIMEOUT_MS = 5000
// Isolates that start at the same time share one answer of the issuer through the edge cache.
const EDGE_CACHE_SECONDS = 30

const DEFAULT_FRESH_SECONDS = 300
const MIN_FRESH_SECONDS = 60
const MAX_FRESH_SECONDS = 3600

/** A key set as its issuer published it. */
export interface KeySetDocument {
  readonly keys: readonly PinnedKey[]
  readonly freshSeconds: number
}

/**
 * Fetches and reads a JWKS. Members that cannot be used are left out, as RFC 7517, section 5 asks;
 * a document that is not a key set is an error.
 *
 * @throws Error where the document cannot be had whole and in time
 */
export async function fetchKeySet(
  url: string,
  algorithms: readonly Algorithm[] | undefined,
  fetcher: typeof fetch,
): Promise<KeySetDocument> {
  const response = await fetcher(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // A redirect would let whoever controls one path of the issuer's host choose the keys.
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    cf: { cacheEverything: true, cacheTtlByStatus: { '200': EDGE_CACHE_SECONDS } },
  })
  const type = response.headers.get('content-type') ?? ''
  if (response.status !== 200 || !/^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i.test(type)) {
    await response.body?.cancel()
    throw new Error(`the key set answered ${response.status} ${type}`)
  }
  const document: unknown = JSON.parse(await readLimited(response))
  const jwks: unknown = (document as { keys?: unknown } | null)?.keys
  if (!Array.isArray(jwks) || jwks.length > MAX_KEYS)
    throw new Error('the key set has no usable form')
  const pinned = await Promise.all(jwks.map((jwk) => pinIfUsable(jwk, algorithms)))
  const keys = pinned.filter((key) => key !== undefined)
  return { keys, freshSeconds: freshSecondsOf(response) }
}

async function pinIfUsable(
  jwk: unknown,
  algorithms: readonly Algorithm[] | undefined,
): Promise<PinnedKey | undefined> {
  const checked = checkJwk(jwk, algorithms)
  if ('unusable' in checked) return undefined
  const pinned = await pinKey(checked)
  return 'unusable' in pinned ? undefined : pinned
}

async function readLimited(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
  let text = ''
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += (chunk as Uint8Array).byteLength
    if (bytes > MAX_BYTES) throw new Error(`the key set is larger than ${MAX_BYTES} bytes`)
    text += decoder.decode(chunk as Uint8Array, { stream: true })
  }
  return text + decoder.decode()
}

function freshSecondsOf(response: Response): number {
  const maxAge = /\bmax-age=(\d{1,9})\b/.exec(response.headers.get('cache-control') ?? '')?.[1]
  const seconds = maxAge === undefined ? DEFAULT_FRESH_SECONDS : Number(maxAge)
  return Math.min(Math.max(seconds, MIN_FRESH_SECONDS), MAX_FRESH_SECONDS)
}
