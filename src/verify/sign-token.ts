import { sign } from '@tsndr/cloudflare-worker-jwt'

/**
 * Signs a development or test token with HS256.
 *
 * The library writes into the payload that it is given and leaves out `typ` when a header is given,
 * so it gets a copy and the whole header.
 */
export async function signToken(
  claims: Readonly<Record<string, unknown>>,
  secret: string,
): Promise<string> {
  const key = await crypto.subtle.importKey(
    'raw',
    new TextEncoder().encode(secret),
    { name: 'HMAC', hash: 'SHA-256' },
    false,
    ['sign'],
  )
  return sign({ ...claims }, key, { algorithm: 'HS256', header: { typ: 'JWT' } })
}
