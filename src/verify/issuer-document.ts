import { readJson } from './limited-body.ts'

const MAX_BYTES = 64 * 1024
// Isolates that start at the same time share one answer of the issuer through the edge cache.
const EDGE_CACHE_SECONDS = 30

/**
 * Fetches a JSON document that an issuer publishes.
 *
 * @throws Error where it cannot be had whole, as it is and in time
 */
export async function fetchIssuerDocument(
  url: string,
  fetcher: typeof fetch,
  signal: AbortSignal,
): Promise<{ readonly document: unknown; readonly response: Response }> {
  const response = await fetcher(url, {
    headers: { accept: 'application/jwk-set+json, application/json' },
    // A redirect would let whoever controls one path of the issuer's host choose the keys.
    redirect: 'manual',
    signal,
    cf: { cacheEverything: true, cacheTtlByStatus: { '200': EDGE_CACHE_SECONDS } },
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`the issuer answered ${response.status}`)
  }
  return { document: await readJson(response, MAX_BYTES), response }
}
