import { decodeToken } from './decode-token.ts'

const LIFETIME_SECONDS = 300

/** What a visitor holds while signed in. */
export interface Session {
  /** The token that was used last. */
  readonly token: string
  /** Whether there are more tokens where this one came from. */
  readonly isRenewable: boolean
  /** The token for a new connection or request: a fresh one, where that is possible. */
  readonly next: () => Promise<string>
}

/** Signs in at the development issuer, which believes everybody. */
export async function signInAs(sub: string): Promise<Session> {
  let token = await mint(sub)
  let isUsed = false
  return {
    get token() {
      return token
    },
    isRenewable: true,
    async next() {
      if (isUsed) token = await mint(sub)
      isUsed = true
      return token
    },
  }
}

/** Uses a token that came from elsewhere, for as long as it lives. */
export function signInWith(pasted: string): Session | undefined {
  const token = pasted.trim().replace(/^bearer\s+/i, '')
  if (decodeToken(token) === undefined) return undefined
  return { token, isRenewable: false, next: () => Promise.resolve(token) }
}

async function mint(sub: string): Promise<string> {
  const response = await fetch('/_portico/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ sub, claims: { role: 'guest' }, ttl_seconds: LIFETIME_SECONDS }),
  })
  if (!response.ok) throw new Error(`the development issuer answered ${response.status}`)
  const { token } = (await response.json()) as { token: string }
  return token
}
