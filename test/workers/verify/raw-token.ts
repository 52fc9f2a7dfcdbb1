import { base64url } from 'jose'
import { SECRET } from '../../support/mint-token.ts'

/** A header and a payload as any bytes, signed well with HS256: what no library would mint. */
export async function rawToken(
  header: string | Uint8Array,
  payload: string | Uint8Array,
  secret: string | Uint8Array = SECRET,
): Promise<string> {
  return signText(`${base64url.encode(header)}.${base64url.encode(payload)}`, secret)
}

/** Signs any text with HS256, as if it were the first two segments of a token. */
export async function signText(
  text: string,
  secret: string | Uint8Array = SECRET,
): Promise<string> {
  const encoder = new TextEncoder()
  const bytes = typeof secret === 'string' ? encoder.encode(secret) : secret
  const hmac = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', bytes, hmac, false, ['sign'])
  const signature = await crypto.subtle.sign(hmac, key, encoder.encode(text))
  return `${text}.${base64url.encode(new Uint8Array(signature))}`
}
