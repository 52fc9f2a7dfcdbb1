import type { Algorithm } from './algorithms.ts'
import { checkJwk } from './checked-jwk.ts'
import { fetchIssuerDocument } from './issuer-document.ts'
import { pinKey, type PinnedKey } from './pinned-key.ts'

const MAX_KEYS = 32

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
  signal: AbortSignal,
): Promise<KeySetDocument> {
  const { document, response } = await fetchIssuerDocument(url, fetcher, signal)
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

function freshSecondsOf(response: Response): number {
  const maxAge = /\bmax-age=(\d{1,9})\b/.exec(response.headers.get('cache-control') ?? '')?.[1]
  const seconds = maxAge === undefined ? DEFAULT_FRESH_SECONDS : Number(maxAge)
  return Math.min(Math.max(seconds, MIN_FRESH_SECONDS), MAX_FRESH_SECONDS)
}
