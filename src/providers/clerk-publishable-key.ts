import type { CarrierOptions } from '../carry/carriers.ts'
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
 * Where Clerk puts its session: for the gate's `carriers`. Several applications on one domain share
 * `__session`; the cookie with this instance's suffix is nobody else's, and so comes first.
 */
export function clerkCarriers(publishableKey: string) {
  frontendApiOf(publishableKey)
  const hash = encodeBase64url(sha1(new TextEncoder().encode(publishableKey)))
  const named = (name: string) => [`${name}_${hash.slice(0, 8)}`, name]
  return {
    cookie: named('__session'),
    dropCookies: BESIDE_THE_SESSION.flatMap(named),
  } as const satisfies CarrierOptions
}

/** What makes new sessions, and what a browser and Clerk tell each other about one. */
const BESIDE_THE_SESSION = [
  '__refresh',
  '__client',
  '__client_uat',
  '__clerk_db_jwt',
  '__clerk_handshake',
  '__clerk_handshake_nonce',
]
