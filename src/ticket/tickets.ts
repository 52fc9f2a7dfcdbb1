import { deepFreeze } from '../identity/deep-freeze.ts'
import type { Identity } from '../identity/identity.ts'
import { logFailure } from '../refusal/log-failure.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import type { Subject } from '../store/subject.ts'
import { subjectName } from './subject-name.ts'
import { makeTicket, readTicket, ticketKey } from './ticket.ts'

/** Where a ticket opens a socket, as one text: `room <party>/<room>` or `backend <name>`, encoded. */
export type TicketDestination = string

/** Issues and redeems tickets. */
export interface Tickets {
  readonly issue: (
    identity: Identity<unknown>,
    destination: TicketDestination,
    origin: string | undefined,
    nowSeconds: number,
  ) => Promise<Result<{ readonly ticket: string; readonly expiresAt: number }>>
  readonly redeem: (
    ticket: string,
    destination: TicketDestination,
    origin: string | undefined,
    nowSeconds: number,
  ) => Promise<Result<Identity>>
}

/**
 * The tickets of a gate: each is known to the object of the person it was given to, which gives it
 * out once.
 *
 * @param tokenKeys the key that tags new tickets, then those that older ones may be tagged with
 */
export function ticketsOf(
  subjects: DurableObjectNamespace<Subject>,
  tokenKeys: readonly string[],
  ttlSeconds: number,
): Tickets {
  let keys: readonly CryptoKey[] | undefined

  async function currentKeys(): Promise<readonly [CryptoKey, ...CryptoKey[]]> {
    keys ??= await Promise.all(tokenKeys.map(ticketKey))
    const [current, ...previous] = keys
    if (current === undefined) throw new Error('tickets need a key')
    return [current, ...previous]
  }

  return {
    async issue(identity, destination, origin, nowSeconds) {
      const [key] = await currentKeys()
      // Never longer than the token that it stands for.
      const expiresAt = Math.floor(Math.min(nowSeconds + ttlSeconds, identity.expiresAt))
      if (expiresAt <= nowSeconds) return refuse('token_expired', 'the token is about to expire')
      const name = await subjectName(identity.issuer, identity.subject)
      const { text, id } = await makeTicket(name, expiresAt, key)
      const kept = { id, destination, origin, identity: JSON.stringify(identity), expiresAt }
      const stored = await asking(() => subjects.getByName(name).keepTicket(kept, nowSeconds))
      if (!stored.ok) return stored
      if (stored.value) return ok({ ticket: text, expiresAt })
      return refuse('rate_limited', 'too many tickets of this caller are waiting to be used')
    },

    async redeem(ticket, destination, origin, nowSeconds) {
      const read = await readTicket(ticket, await currentKeys(), nowSeconds)
      if (!read.ok) return read
      const { subject, id } = read.value
      const redeemed = await asking(() => subjects.getByName(subject).redeemTicket(id, nowSeconds))
      if (!redeemed.ok) return redeemed
      const kept = redeemed.value
      if (kept === undefined) return refuse('token_invalid', 'the ticket was used before')
      if (kept.destination !== destination) {
        return refuse('token_invalid', 'the ticket is for another destination')
      }
      if (kept.origin !== origin) {
        return refuse('origin_refused', 'the ticket is for another origin')
      }
      // The gate itself wrote it, from an identity that a verifier had proved.
      return ok(deepFreeze(JSON.parse(kept.identity) as Identity))
    },
  }
}

/** An object that cannot be asked is an outage, not a verdict about the ticket. */
async function asking<T>(ask: () => Promise<T>): Promise<Result<T>> {
  try {
    return ok(await ask())
  } catch (error) {
    logFailure('a subject failed with', error)
    return refuse('store_unavailable', 'tickets cannot be kept or redeemed right now')
  }
}
