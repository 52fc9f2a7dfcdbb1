import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { decodeBase64url, encodeBase64url } from '../verify/base64url.ts'

/** What a token is called in lists and revoked by: it finds the token, and is none. */
export interface TokenId {
  /** Name of the `Backend` object. */
  readonly backend: string
  readonly hashPrefix: ArrayBuffer
}

const PREFIX = 'tk-'
const BACKEND_BYTES = 16
const HASH_PREFIX_BYTES = 14

export function tokenIdOf(backend: string, idHash: ArrayBuffer): string {
  const bytes = new Uint8Array(BACKEND_BYTES + HASH_PREFIX_BYTES)
  bytes.set(decodeBase64url(backend) ?? [])
  bytes.set(new Uint8Array(idHash, 0, HASH_PREFIX_BYTES), BACKEND_BYTES)
  return PREFIX + encodeBase64url(bytes)
}

export function readTokenId(text: string): Result<TokenId> {
  const bytes = text.startsWith(PREFIX) ? decodeBase64url(text.slice(PREFIX.length)) : undefined
  if (bytes?.length !== BACKEND_BYTES + HASH_PREFIX_BYTES) {
    return refuse('request_malformed', 'token_id: it is not the id of a token')
  }
  const backend = encodeBase64url(bytes.subarray(0, BACKEND_BYTES))
  return ok({ backend, hashPrefix: bytes.slice(BACKEND_BYTES).buffer })
}
