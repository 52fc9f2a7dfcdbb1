import type { ConnectAnswer } from './serve-connections.ts'

/** What became of a token: `in_doubt` is one whose revocation was asked for and not acknowledged. */
type TokenState = 'live' | 'in_doubt' | 'revoked'

export interface IssuedToken {
  readonly text: string
  readonly id: string
  readonly backendId: string
  /** `undefined` for a static token. */
  readonly user: string | undefined
  state: TokenState
}

/** What the gate acknowledged before it was killed once. */
export interface Ledger {
  readonly namespace: string
  readonly tokens: IssuedToken[]
  /** How each key was asked for, acknowledged or not. */
  readonly keys: Map<string, { readonly isStatic: boolean }>
  /** The one backend that each key was said to be held by. */
  readonly holders: Map<string, string>
  revocations: number
  readonly violations: string[]
}

export function emptyLedger(namespace: string): Ledger {
  return {
    namespace,
    tokens: [],
    keys: new Map(),
    holders: new Map(),
    revocations: 0,
    violations: [],
  }
}

/** @returns the token, `undefined` for one that should not have been given out */
export function acknowledgeToken(
  ledger: Ledger,
  key: string,
  user: string | undefined,
  answer: ConnectAnswer,
): IssuedToken | undefined {
  acknowledgeHolder(ledger, key, answer.backend_id)
  const known = ledger.tokens.find(({ text }) => text === answer.token)
  if (known !== undefined && (known.user !== undefined || known.state !== 'live')) {
    ledger.violations.push(`${known.id} was given out again, ${known.state}`)
    return undefined
  }
  if (known !== undefined) return known
  const { token: text, token_id: id, backend_id: backendId } = answer
  const token: IssuedToken = { text, id, backendId, user, state: 'live' }
  ledger.tokens.push(token)
  return token
}

export function acknowledgeHolder(ledger: Ledger, key: string, backendId: string): void {
  const holder = ledger.holders.get(key)
  if (holder === undefined) ledger.holders.set(key, backendId)
  else if (holder !== backendId) {
    ledger.violations.push(`${key} is held by ${holder} and by ${backendId}`)
  }
}

export function acknowledgeRevocation(
  ledger: Ledger,
  tokens: readonly IssuedToken[],
  count: number,
): void {
  for (const token of tokens) token.state = 'revoked'
  ledger.revocations += tokens.length
  if (count !== tokens.length) {
    ledger.violations.push(`${count} tokens revoked instead of ${tokens.length}`)
  }
}
