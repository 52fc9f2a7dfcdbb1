import { refuse, type Refusal } from '../refusal/refusal.ts'
import { isAtHost, type AdmissionAnswer, type AdmissionRefusal } from '../store/admission.ts'
import { outOfScope } from '../store/token-scope.ts'
import { readConnectionToken, type ConnectionToken } from '../token/connection-token.ts'
import type { TokenKeys } from '../token/token-key.ts'
import { createTokenMemory, type TokenMemory } from '../verify/token-memory.ts'
import type { Admission, Arrival, Grant } from './connections.ts'
import { asking, type Stores } from './stores.ts'

export interface AdmitContext {
  readonly stores: Stores
  /** Asked for only where a token is not remembered. */
  readonly tokenKeys: () => Promise<TokenKeys>
  readonly now: number
  /** How long to wait for a backend that is starting. */
  readonly waitMs: number
  readonly granted: GrantMemory
}

type Admitted = Extract<AdmissionAnswer, { kind: 'admitted' }>

interface RememberedGrant {
  readonly admitted: Admitted
  readonly grant: Grant
  readonly until: number
}

/** What an isolate remembers about tokens that were let in. */
export interface GrantMemory {
  readonly tokens: TokenMemory<RememberedGrant>
  readonly rememberMs: number
}

const MAX_CHARACTERS = 1024 * 1024
/** The object counts a use for fifteen seconds: a backend in use must be told of one before that. */
const MAX_UNTOLD_MS = 5000

export function grantMemory(rememberSeconds: number): GrantMemory {
  return { tokens: createTokenMemory(MAX_CHARACTERS), rememberMs: rememberSeconds * 1000 }
}

/** Lets a request with a token in. What is forged, mangled or expired never reaches an object. */
export async function admit(
  text: string,
  arrival: Arrival,
  context: AdmitContext,
): Promise<Admission> {
  const remembered = context.granted.tokens.get(text)
  if (remembered !== undefined && context.now < remembered.until) {
    const { admitted, grant } = remembered
    const refused = outOfScope(admitted.token, arrival) ?? hostRefusal(admitted, arrival)
    if (refused === undefined) return { ok: true, value: grant }
    return { ok: false, turned: turnedBy(refused, grant.backendId) }
  }
  const token = await readConnectionToken(text, await context.tokenKeys(), context.now / 1000)
  if (!token.ok) {
    const isKnown = token.refusal.code === 'token_expired'
    return { ok: false, turned: { refusal: token.refusal, isKnown, backendId: undefined } }
  }
  const asked = await askBackend(token.value, arrival, context)
  if (!asked.ok) {
    const { refusal } = refuse('store_unavailable', asked.failure.message)
    return { ok: false, turned: { refusal, isKnown: true, backendId: undefined } }
  }
  const answer = asked.value
  if (answer.kind !== 'admitted') {
    return { ok: false, turned: turnedBy(answer.kind, answer.backendId) }
  }
  const grant = grantOf(answer, token.value)
  remember(text, answer, grant, context)
  return { ok: true, value: grant }
}

function askBackend({ backend, idHash }: ConnectionToken, arrival: Arrival, context: AdmitContext) {
  const { host, ...use } = arrival
  return asking(async () => {
    const stub = context.stores.backends.getByName(backend)
    const answer = await stub.admit(idHash, use, host)
    if (answer.kind !== 'not_ready' || context.waitMs === 0) return answer
    // A call of its own: for a caller who goes away meanwhile nobody asks again, and no use is taken.
    await stub.started(context.waitMs)
    return stub.admit(idHash, use, host)
  })
}

/** A token that may be used a number of times is never remembered: each use has to be counted. */
function remember(
  text: string,
  admitted: Admitted,
  grant: Grant,
  { granted: { tokens, rememberMs }, now }: AdmitContext,
): void {
  const { usesLeft, expiresAt, user = '', auth = '' } = admitted.token
  if (usesLeft !== undefined || rememberMs === 0) return
  const mayIdle = grant.maxIdleSeconds !== undefined
  const forMs = mayIdle ? Math.min(rememberMs, MAX_UNTOLD_MS) : rememberMs
  const until = Math.min(now + forMs, (expiresAt ?? Infinity) * 1000)
  tokens.set(text, { admitted, grant, until }, user.length + auth.length)
}

function grantOf({ plan, address, token }: Admitted, { secret }: ConnectionToken): Grant {
  return {
    backendId: plan.id,
    address,
    user: token.user,
    auth: token.auth,
    secretToken: secret,
    isStatic: token.isStatic,
    maxIdleSeconds: plan.maxIdleSeconds,
  }
}

function hostRefusal({ plan }: Admitted, { host }: Arrival): 'host' | undefined {
  return isAtHost(plan, host) ? undefined : 'host'
}

function turnedBy(reason: AdmissionRefusal, backendId: string | undefined) {
  return { refusal: refusalFor(reason), isKnown: true, backendId }
}

/** Why a token that is genuine opens nothing, in words for whoever holds it. */
export function refusalFor(reason: AdmissionRefusal): Refusal {
  return refusals[reason]
}

const gone: Refusal = { code: 'backend_gone', detail: 'the backend has ended' }

const refusals: Readonly<Record<AdmissionRefusal, Refusal>> = {
  expired: { code: 'token_expired', detail: 'the token has expired' },
  revoked: { code: 'token_revoked', detail: 'the token was revoked' },
  used_up: { code: 'token_revoked', detail: 'the token has been used as often as it may be' },
  unknown: gone,
  ending: gone,
  not_ready: { code: 'backend_unavailable', detail: 'the backend is still starting' },
  origin: { code: 'origin_refused', detail: 'the token is for pages of another origin' },
  method: { code: 'forbidden', detail: 'the token is not good for this method' },
  path: { code: 'forbidden', detail: 'the token is not good for this path' },
  host: { code: 'forbidden', detail: 'the backend is not at this host' },
}
