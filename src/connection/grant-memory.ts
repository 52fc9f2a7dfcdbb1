import { isAtHost, type AdmissionAnswer } from '../store/admission.ts'
import { outOfScope, type TokenUse } from '../store/token-scope.ts'
import { createTokenMemory, type TokenMemory } from '../verify/token-memory.ts'
import type { Grant } from './connections.ts'

export type Admitted = Extract<AdmissionAnswer, { kind: 'admitted' }>

/** A request, and the host that it names; `undefined` where it names its backend instead. */
export interface HostUse extends TokenUse {
  readonly host: string | undefined
}

interface RememberedGrant {
  readonly admitted: Admitted
  readonly grant: Grant
  /** Name of the `Backend` object. */
  readonly backend: string
  readonly until: number
}

/** What an isolate remembers about who was let in. */
export interface GrantMemory {
  readonly tokens: TokenMemory<RememberedGrant>
  /** Backends that anyone may go to, by id. Apart, since a caller writes for a token what it likes. */
  readonly open: TokenMemory<RememberedGrant>
  readonly rememberMs: number
}

/** Where one grant is remembered. */
export interface GrantSlot {
  readonly memory: TokenMemory<RememberedGrant>
  readonly key: string
}

const MAX_CHARACTERS = 1024 * 1024
/** The object counts a use for fifteen seconds: a backend in use must be told of one before that. */
const MAX_UNTOLD_MS = 5000

export function grantMemory(rememberSeconds: number): GrantMemory {
  return {
    tokens: createTokenMemory(MAX_CHARACTERS),
    open: createTokenMemory(MAX_CHARACTERS),
    rememberMs: rememberSeconds * 1000,
  }
}

export function rememberedIn({ memory, key }: GrantSlot, now: number): RememberedGrant | undefined {
  const remembered = memory.get(key)
  return remembered !== undefined && now < remembered.until ? remembered : undefined
}

/** @returns what a grant that is remembered is not good for, `undefined` if it is good for all of it */
export function outOfGrant({ plan, token }: Admitted, use: HostUse) {
  const refused = token && outOfScope(token, use)
  if (refused !== undefined) return refused
  return use.host === undefined || isAtHost(plan, use.host) ? undefined : 'host'
}

/** A token that may be used a number of times is never remembered: each use has to be counted. */
export function remember(
  { memory, key }: GrantSlot,
  backend: string,
  admitted: Admitted,
  grant: Grant,
  rememberMs: number,
  now: number,
): void {
  const { usesLeft, expiresAt, user = '', auth = '' } = admitted.token ?? {}
  if (usesLeft !== undefined || rememberMs === 0) return
  const mayIdle = grant.maxIdleSeconds !== undefined
  const forMs = mayIdle ? Math.min(rememberMs, MAX_UNTOLD_MS) : rememberMs
  const endsAt = Math.min((expiresAt ?? Infinity) * 1000, admitted.livesUntil ?? Infinity)
  const until = Math.min(now + forMs, endsAt)
  memory.set(key, { admitted, grant, backend, until }, user.length + auth.length)
}

/** Has a backend asked again about everyone who comes, since somebody was taken out or it ends. */
export function forgetGrants({ tokens, open }: GrantMemory, backend: string): void {
  for (const memory of [tokens, open]) memory.deleteWhere((granted) => granted.backend === backend)
}
