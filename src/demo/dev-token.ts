import { z } from 'zod'
import { problemResponse } from '../refusal/response.ts'
import { signToken } from '../verify/sign-token.ts'
import { developmentClaims } from './development.ts'
import { readOrder } from './read-order.ts'

const order = z.strictObject({
  sub: z.string().min(1).max(256),
  claims: z.record(z.string(), z.unknown()).default({}),
  ttl_seconds: z.int().min(1).max(86_400).default(3600),
})

/**
 * Answers `POST /_portico/dev/token` with a token of the development issuer.
 *
 * @param body `{"sub","claims"?,"ttl_seconds"?}`
 */
export async function mintDevelopmentToken(
  body: string,
  developmentKey: string,
): Promise<Response> {
  const ordered = readOrder(body, order)
  if (!ordered.ok) return problemResponse(ordered.refusal)
  const { sub, claims, ttl_seconds: ttlSeconds } = ordered.value
  const issuedAt = Math.floor(Date.now() / 1000)
  const expiresAt = issuedAt + ttlSeconds
  // The claims come first: they may add to the token, not change whose it is or how long it lives.
  const payload = { ...claims, ...developmentClaims, sub, iat: issuedAt, exp: expiresAt }
  const token = await signToken(payload, { secret: developmentKey })
  const answer = { token, expires_at: new Date(expiresAt * 1000).toISOString() }
  return Response.json(answer, { headers: { 'cache-control': 'no-store' } })
}
