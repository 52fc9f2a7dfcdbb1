import { fetchIssuerDocument } from './issuer-document.ts'
import type { KeySetLocator } from './key-set.ts'
import { checkServiceUrl } from './option-checks.ts'

/**
 * Finds an issuer's key set by its discovery document (OpenID Connect Discovery 1.0), which is
 * fetched once. Only the configured issuer says where that document is.
 *
 * @throws ConfigurationError where the issuer is no URL that may be asked
 */
export function discoveredAt(issuer: string): KeySetLocator {
  const base = checkServiceUrl('issuer', issuer)
  // Section 4.1: a slash at the issuer's end is left out before the path is added.
  const documentUrl = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  let known: string | undefined

  return async (fetcher, signal) => {
    if (known !== undefined) return known
    const { document } = await fetchIssuerDocument(documentUrl, fetcher, signal)
    const { issuer: named, jwks_uri } = (document ?? {}) as Record<string, unknown>
    // Section 4.3: a document about another issuer, on this one's host, must not bring its keys.
    if (named !== issuer) throw new Error('the discovery document is of another issuer')
    const url = checkServiceUrl('jwks_uri', jwks_uri)
    if (base.startsWith('https:') && !url.startsWith('https:')) {
      throw new Error('the discovery document leads away from https')
    }
    known = url
    return url
  }
}
