import { mediaType, type SignedToken, type TokenRule } from '../verify/claims.ts'
import { textIn } from './preset.ts'

/** The kinds of JWT that one Clerk instance signs, all with the same key. */
export type ClerkToken = 'session' | 'template' | 'm2m' | 'oauth'

/** What Clerk writes into the header's `cat`; older tokens have none. */
const SESSION = 'cl_B7d4PD111AAA'
const TEMPLATE = 'cl_B7d4PD222AAA'
const MACHINE = 'cl_B7d4PD333AAA'

export const clerkRules: Readonly<Record<ClerkToken, TokenRule>> = {
  /** A session that still has a task to do, such as choosing an organisation, is `pending`. */
  session({ header, claims }) {
    const { cat = SESSION } = header
    if (cat !== SESSION) return 'cat'
    if (isOauth({ header, claims })) return 'typ'
    if (isMachine({ header, claims })) return 'sub'
    if (textIn(claims['sid']) === undefined) return 'sid'
    return claims['sts'] === 'pending' ? 'sts' : undefined
  },

  /** Made by a JWT template: it belongs to no session, and outlives the end of the one it came of. */
  template({ header, claims }) {
    const { cat = TEMPLATE } = header
    if (cat !== TEMPLATE) return 'cat'
    if (isOauth({ header, claims })) return 'typ'
    if (isMachine({ header, claims })) return 'sub'
    return header['cat'] === undefined && 'sid' in claims ? 'sid' : undefined
  },

  m2m({ header, claims }) {
    const { cat = MACHINE } = header
    if (cat !== MACHINE) return 'cat'
    if (isOauth({ header, claims })) return 'typ'
    return isMachine({ header, claims }) ? undefined : 'sub'
  },

  oauth(token) {
    return isOauth(token) ? undefined : 'typ'
  },
}

function isMachine({ claims }: SignedToken): boolean {
  return textIn(claims['sub'])?.startsWith('mch_') === true
}

function isOauth({ header }: SignedToken): boolean {
  const type = textIn(header['typ'])
  return type !== undefined && mediaType(type) === 'at+jwt'
}
