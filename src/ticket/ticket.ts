import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { macOf, purposeKey } from '../token/token-key.ts'
import { decodeBase64url, encodeBase64url } from '../verify/base64url.ts'

/** What a ticket says itself; what it stands for is kept by the object that it names. */
export interface Ticket {
  /** Name of the `Subject` object that keeps it. */
  readonly subject: string
  /** The random part, by which the object knows the ticket. */
  readonly id: string
  /** Seconds since the epoch. */
  readonly expiresAt: number
}

/*
 * version (1 byte) | expiry (4) | subject (32) | id (16) | tag (16), as base64url. The tag lets the
 * Worker refuse a forged, mangled or expired ticket without waking any object.
 */
const VERSION = 1
const EXPIRY_AT = 1
const SUBJECT_AT = 5
const ID_AT = 37
const TAG_AT = 53
const TICKET_BYTES = 69
const TICKET_CHARACTERS = 92

/** Whether a credential has the form of a ticket: no dots as a JWT has, one length, version 1. */
export function looksLikeTicket(credential: string): boolean {
  return credential.length === TICKET_CHARACTERS && /^A[Q-Za-f][A-Za-z0-9_-]+$/.test(credential)
}

/** The key that tickets are tagged with, made from the `TOKEN_KEY` setting. */
export function ticketKey(tokenKey: string): Promise<CryptoKey> {
  return purposeKey('ticket', tokenKey)
}

/** Makes a ticket with a fresh random id. */
export async function makeTicket(
  subject: string,
  expiresAt: number,
  key: CryptoKey,
): Promise<Ticket & { readonly text: string }> {
  const bytes = new Uint8Array(TICKET_BYTES)
  const id = crypto.getRandomValues(new Uint8Array(TAG_AT - ID_AT))
  bytes[0] = VERSION
  new DataView(bytes.buffer).setUint32(EXPIRY_AT, expiresAt)
  bytes.set(decodeBase64url(subject) ?? [], SUBJECT_AT)
  bytes.set(id, ID_AT)
  bytes.set(await tagOf(bytes, key), TAG_AT)
  return { subject, id: encodeBase64url(id), expiresAt, text: encodeBase64url(bytes) }
}

/**
 * Reads a ticket that one of the keys tagged.
 *
 * @param keys the current key, and the one before it while rotating
 */
export async function readTicket(
  text: string,
  keys: readonly CryptoKey[],
  nowSeconds: number,
): Promise<Result<Ticket>> {
  const bytes = decodeBase64url(text)
  if (bytes === undefined || bytes.length !== TICKET_BYTES || bytes[0] !== VERSION) {
    return refuse('token_malformed', 'the ticket has no form that is known here')
  }
  const tags = await Promise.all(keys.map((key) => tagOf(bytes, key)))
  const tag = bytes.subarray(TAG_AT)
  if (!tags.some((expected) => crypto.subtle.timingSafeEqual(tag, expected))) {
    return refuse('token_invalid', 'the ticket is not one of this gate')
  }
  const expiresAt = new DataView(bytes.buffer).getUint32(EXPIRY_AT)
  if (expiresAt <= nowSeconds) return refuse('token_expired', 'the ticket has expired')
  const subject = encodeBase64url(bytes.subarray(SUBJECT_AT, ID_AT))
  return ok({ subject, id: encodeBase64url(bytes.subarray(ID_AT, TAG_AT)), expiresAt })
}

async function tagOf(bytes: Uint8Array<ArrayBuffer>, key: CryptoKey): Promise<Uint8Array> {
  const mac = await macOf(key, bytes.subarray(0, TAG_AT))
  return mac.subarray(0, TICKET_BYTES - TAG_AT)
}
