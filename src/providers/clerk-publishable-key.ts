import { ConfigurationError } from '../refusal/configuration-error.ts'
import { encodeBase64url } from '../verify/base64url.ts'
import { checkHost } from './preset.ts'
import { sha1 } from './sha1.ts'

/** The frontend API's host, which a publishable key holds: `pk_live_` and base64 of `<host>$`. */
export function frontendApiOf(publishableKey: string): string {
  const [, encoded = ''] = /^pk_(?:live|test)_([A-Za-z0-9+/]+={0,2})$/.exec(publishableKey) ?? []
  try {
    const [, host] = /^([^$]+)\$$/.exec(atob(encoded)) ?? []
    return checkHost('publishableKey', host)
  } catch {
    throw new ConfigurationError('publishableKey: it is not a publishable key of Clerk')
  }
}

/**
 * The cookies that hold a session, for `carriers.cookie`. Several applications on one domain share
 * `__session`; the one with this instance's suffix is nobody else's, and so comes first.
 */
export function clerkCookies(publishableKey: string): readonly string[] {
  frontendApiOf(publishableKey)
  const hash = encodeBase64url(sha1(new TextEncoder().encode(publishableKey)))
  return [`__session_${hash.slice(0, 8)}`, '__session']
}
