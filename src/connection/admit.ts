import type { Refusal } from '../refusal/refusal.ts'
import type { AdmissionRefusal } from '../store/admission.ts'
import type { BackendAddress } from '../store/backend-plan.ts'
import {
  backendObjectName,
  readConnectionToken,
  type ConnectionToken,
} from '../token/connection-token.ts'
import type { TokenKeys } from '../token/token-key.ts'
import type { Admission, Arrival, ControlFailure, Grant, TokenVerdict } from './connections.ts'
import {
  outOfGrant,
  remember,
  rememberedIn,
  type Admitted,
  type GrantMemory,
  type GrantSlot,
  type HostUse,
} from './grant-memory.ts'
import { asking, type Stores } from './stores.ts'

interface ReadContext {
  /** Asked for only where a token is not remembered. */
  readonly tokenKeys: () => Promise<TokenKeys>
  readonly now: number
}

interface VerifyContext extends ReadContext {
  readonly stores: Stores
}

export interface AdmitContext extends VerifyContext {
  /** How long to wait for a backend that is starting. */
  readonly waitMs: number
  readonly granted: GrantMemory
  /** Whether a connect call may still name this address, as one did, perhaps long ago. */
  readonly isServed: (address: BackendAddress) => boolean
}

/** Lets a request with a token in. What is forged, mangled or expired never reaches an object. */
export function admit(
  text: string,
  arrival: Arrival,
  context: AdmitContext,
): Admission | Promise<Admission> {
  const slot = { memory: context.granted.tokens, key: text }
  const remembered = rememberedIn(slot, context.now)
  if (remembered !== undefined) return admitAgain(remembered, arrival)
  return admitFirst(text, arrival, slot, context)
}

async function admitFirst(
  text: string,
  arrival: Arrival,
  slot: GrantSlot,
  context: AdmitContext,
): Promise<Admission> {
  const token = await readToken(text, context)
  if (!token.ok) return token
  return askBackend(token.value.backend, token.value, arrival, slot, context)
}

/**
 * Lets a request to a backend in that it names: with a token of that very backend, or without one
 * where the backend is open.
 *
 * @param text `undefined`: the request brings no token
 */
export async function admitByName(
  backendId: string,
  text: string | undefined,
  arrival: Arrival,
  context: AdmitContext,
): Promise<Admission> {
  const { tokens, open } = context.granted
  const slot = text === undefined ? { memory: open, key: backendId } : { memory: tokens, key: text }
  // Who names a backend has said all that its host could say.
  const use = { ...arrival, host: undefined }
  const remembered = rememberedIn(slot, context.now)
  if (remembered !== undefined) {
    return remembered.grant.backendId === backendId ? admitAgain(remembered, use) : FOREIGN
  }
  if (text === undefined) {
    return askBackend(await backendObjectName(backendId), undefined, use, slot, context)
  }
  const token = await readTokenOf(backendId, text, context)
  if (!token.ok) return token
  return askBackend(token.value.backend, token.value, use, slot, context)
}

/** Takes no use, and does not wait for the backend; what cannot be asked about is refused. */
export async function verifyByName(
  backendId: string,
  text: string,
  context: VerifyContext,
): Promise<TokenVerdict> {
  const token = await readTokenOf(backendId, text, context)
  if (!token.ok) return token
  const { backend, idHash, expiresAt } = token.value
  const asked = await asking(async () =>
    context.stores.backends.getByName(backend).keepAlive(idHash),
  )
  if (!asked.ok) return unanswered(asked.failure)
  return asked.value === undefined
    ? { ok: true, value: { expiresAt } }
    : turned(refusalFor(asked.value), backendId)
}

type Turning = Extract<Admission, { ok: false }>
type Read = { readonly ok: true; readonly value: ConnectionToken } | Turning

async function readToken(text: string, { tokenKeys, now }: ReadContext): Promise<Read> {
  const token = await readConnectionToken(text, await tokenKeys(), now / 1000)
  if (token.ok) return token
  const { refusal } = token
  return refusal.code === 'token_expired' ? turned(refusal) : turnedStranger(refusal)
}

/** A token is good for its own backend alone, whatever its holder names. */
async function readTokenOf(backendId: string, text: string, context: ReadContext): Promise<Read> {
  const token = await readToken(text, context)
  if (!token.ok) return token
  return token.value.backend === (await backendObjectName(backendId)) ? token : FOREIGN
}

function admitAgain(
  { admitted, grant }: { readonly admitted: Admitted; readonly grant: Grant },
  use: HostUse,
): Admission {
  const refused = outOfGrant(admitted, use)
  if (refused === undefined) return { ok: true, value: grant }
  return turned(refusalFor(refused), grant.backendId)
}

async function askBackend(
  backend: string,
  token: ConnectionToken | undefined,
  { host, ...use }: HostUse,
  slot: GrantSlot,
  context: AdmitContext,
): Promise<Admission> {
  const asked = await asking(async () => {
    const stub = context.stores.backends.getByName(backend)
    const answer = await stub.admit(token?.idHash, use, host)
    if (answer.kind !== 'not_ready' || context.waitMs === 0) return answer
    // A call of its own: for a caller who goes away meanwhile nobody asks again, and no use is taken.
    await stub.started(context.waitMs)
    return stub.admit(token?.idHash, use, host)
  })
  if (!asked.ok) return unanswered(asked.failure)
  const answer = asked.value
  if (answer.kind !== 'admitted') {
    const isNobody = answer.kind === 'unknown' && token === undefined
    return turned(isNobody ? noSuchBackend : refusalFor(answer.kind), answer.backendId)
  }
  if (answer.isNamed && !context.isServed(answer.address)) return turned(notServed, answer.plan.id)
  const grant = grantOf(answer, token)
  remember(slot, backend, answer, grant, context.granted.rememberMs, context.now)
  return { ok: true, value: grant }
}

function grantOf({ plan, address, token }: Admitted, read: ConnectionToken | undefined): Grant {
  return {
    backendId: plan.id,
    subdomain: plan.subdomain,
    address,
    user: token?.user,
    auth: token?.auth,
    secretToken: read?.secret ?? '',
    isStatic: token?.isStatic ?? false,
    maxIdleSeconds: plan.maxIdleSeconds,
  }
}

function turned(refusal: Refusal, backendId?: string): Turning {
  return { ok: false, turned: { refusal, isKnown: true, backendId } }
}

function turnedStranger(refusal: Refusal): Turning {
  return { ok: false, turned: { refusal, isKnown: false, backendId: undefined } }
}

function unanswered({ message }: ControlFailure): Turning {
  return turned({ code: 'store_unavailable', detail: message })
}

/** Why a token that is genuine opens nothing, in words for whoever holds it. */
export function refusalFor(reason: AdmissionRefusal): Refusal {
  return refusals[reason]
}

/** Who holds a token of another backend is a stranger to this one. */
const FOREIGN = turnedStranger({
  code: 'forbidden',
  detail: 'the token is one of another backend',
})

export const notServed: Refusal = {
  code: 'backend_gone',
  detail: 'the gate no longer serves this backend',
}
const noSuchBackend: Refusal = { code: 'route_unknown', detail: 'there is no such backend' }
const gone: Refusal = { code: 'backend_gone', detail: 'the backend has ended' }

const refusals: Readonly<Record<AdmissionRefusal, Refusal>> = {
  expired: { code: 'token_expired', detail: 'the token has expired' },
  revoked: { code: 'token_revoked', detail: 'the token was revoked' },
  used_up: { code: 'token_revoked', detail: 'the token has been used as often as it may be' },
  unknown: gone,
  ending: gone,
  closed: { code: 'credential_missing', detail: 'Expected bearer token.' },
  not_ready: { code: 'backend_unavailable', detail: 'the backend is still starting' },
  origin: { code: 'origin_refused', detail: 'the token is for pages of another origin' },
  method: { code: 'forbidden', detail: 'the token is not good for this method' },
  path: { code: 'forbidden', detail: 'the token is not good for this path' },
  host: { code: 'forbidden', detail: 'the backend is not at this host' },
}
