import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { decodeBase64url, encodeBase64url } from '../verify/base64url.ts'
import { macOf, type TokenKey, type TokenKeys } from './token-key.ts'

/** What a token says itself. What it stands for is kept by the object of its backend. */
export interface ConnectionToken {
  readonly isStatic: boolean
  /** Name of the `Backend` object. */
  readonly backend: string
  /** Seconds since the epoch; `undefined` for a static token. */
  readonly expiresAt: number | undefined
  /** By which the object knows the token: the hash of its random part. */
  readonly idHash: ArrayBuffer
  /** What the application compares with what its client shows; empty for a static token. */
  readonly secret: string
}

export interface MadeToken extends ConnectionToken {
  readonly text: string
}

/*
 * version (1 byte) | key id (1) | expiry (4) | backend (16) | random (16) | tag (16), as base64url:
 * 72 characters. A static token has no expiry (0) and begins with `s.`. The tag lets the Worker
 * refuse a forged, mangled or expired token without waking any object.
 */
const VERSION = { connection: 2, static: 3 } as const
const EXPIRY_AT = 2
const BACKEND_AT = 6
const RANDOM_AT = 22
const BACKEND_BYTES = RANDOM_AT - BACKEND_AT
const TAG_AT = 38
const TOKEN_BYTES = 54
const STATIC_PREFIX = 's.'

/** Name of the object of a backend. A digest, since an id may be longer than there is room in a token. */
export async function backendObjectName(backendId: string): Promise<string> {
  const bytes = new Uint8Array(new TextEncoder().encode(`backend\n${backendId}`))
  return encodeBase64url(await digestOf(bytes, BACKEND_BYTES))
}

/** Makes a token with a fresh random part. */
export function makeConnectionToken(
  backend: string,
  expiresAt: number,
  [key]: TokenKeys,
): Promise<MadeToken> {
  const random = crypto.getRandomValues(new Uint8Array(TAG_AT - RANDOM_AT))
  return seal({ backend, expiresAt, random }, key)
}

/**
 * Makes the one static token of a backend: from the same nonce always the same, so that it can be
 * told again without having been stored.
 */
export async function makeStaticToken(
  backend: string,
  nonce: ArrayBuffer,
  [key]: TokenKeys,
): Promise<MadeToken> {
  const mac = await macOf(key.static, bytesOf(backend), new Uint8Array(nonce))
  const random = mac.slice(0, TAG_AT - RANDOM_AT)
  return seal({ backend, expiresAt: undefined, random }, key)
}

/** Reads a token that one of the keys tagged. */
export async function readConnectionToken(
  text: string,
  keys: TokenKeys,
  nowSeconds: number,
): Promise<Result<ConnectionToken>> {
  const isStatic = text.startsWith(STATIC_PREFIX)
  const bytes = decodeBase64url(isStatic ? text.slice(STATIC_PREFIX.length) : text)
  const version = isStatic ? VERSION.static : VERSION.connection
  if (bytes === undefined || bytes.length !== TOKEN_BYTES || bytes[0] !== version) {
    return refuse('token_malformed', 'the token has no form that is known here')
  }
  const key = await keyThatTagged(bytes, keys)
  if (key === undefined) return refuse('token_invalid', 'the token is not one of this gate')
  const expiry = new DataView(bytes.buffer).getUint32(EXPIRY_AT)
  const expiresAt = isStatic ? undefined : expiry
  if (expiresAt !== undefined && expiresAt <= nowSeconds) {
    return refuse('token_expired', 'the token has expired')
  }
  const backend = encodeBase64url(bytes.subarray(BACKEND_AT, RANDOM_AT))
  const random = bytes.slice(RANDOM_AT, TAG_AT)
  return ok(await tokenOf({ backend, expiresAt, random }, key))
}

interface Parts {
  readonly backend: string
  readonly expiresAt: number | undefined
  readonly random: Uint8Array<ArrayBuffer>
}

async function seal(parts: Parts, key: TokenKey): Promise<MadeToken> {
  const { backend, expiresAt, random } = parts
  const isStatic = expiresAt === undefined
  const bytes = new Uint8Array(TOKEN_BYTES)
  bytes[0] = isStatic ? VERSION.static : VERSION.connection
  bytes[1] = key.id
  new DataView(bytes.buffer).setUint32(EXPIRY_AT, expiresAt ?? 0)
  bytes.set(bytesOf(backend), BACKEND_AT)
  bytes.set(random, RANDOM_AT)
  bytes.set(await tagOf(bytes, key), TAG_AT)
  const text = (isStatic ? STATIC_PREFIX : '') + encodeBase64url(bytes)
  return { ...(await tokenOf(parts, key)), text }
}

async function tokenOf(
  { backend, expiresAt, random }: Parts,
  key: TokenKey,
): Promise<ConnectionToken> {
  const isStatic = expiresAt === undefined
  const secret = isStatic ? '' : encodeBase64url(await macOf(key.secret, bytesOf(backend), random))
  const idHash = (await digestOf(random, 32)).buffer
  return { isStatic, backend, expiresAt, idHash, secret }
}

/** All keys with the token's id are tried: two settings may have the same one. */
async function keyThatTagged(
  bytes: Uint8Array<ArrayBuffer>,
  keys: TokenKeys,
): Promise<TokenKey | undefined> {
  const tag = bytes.subarray(TAG_AT)
  for (const key of keys) {
    if (key.id !== bytes[1]) continue
    if (crypto.subtle.timingSafeEqual(tag, await tagOf(bytes, key))) return key
  }
  return undefined
}

async function tagOf(bytes: Uint8Array<ArrayBuffer>, key: TokenKey): Promise<Uint8Array> {
  const mac = await macOf(key.tag, bytes.subarray(0, TAG_AT))
  return mac.subarray(0, TOKEN_BYTES - TAG_AT)
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>, length: number) {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)).slice(0, length)
}

function bytesOf(backend: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeBase64url(backend)
  if (bytes === undefined) throw new Error('the name of a Backend object is base64url')
  return bytes
}
