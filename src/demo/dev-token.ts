import { z } from 'zod'
import { problemResponse } from '../refusal/response.ts'
import { signToken } from '../verify/sign-token.ts'
import { developmentClaims } from './development.ts'

const MAX_BODY_CHARACTERS = 8192

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
  const parsed = order.safeParse(body.length > MAX_BODY_CHARACTERS ? undefined : parseJson(body))
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const field = issue?.path.join('.') || 'the body'
    return problemResponse({ code: 'request_malformed', detail: `${field}: ${issue?.message}` })
  }
  const { sub, claims, ttl_seconds: ttlSeconds } = parsed.data
  const issuedAt = Math.floor(Date.now() / 1000)
  const expiresAt = issuedAt + ttlSeconds
  // The claims come first: they may add to the token, not change whose it is or how long it lives.
  const payload = { ...claims, ...developmentClaims, sub, iat: issuedAt, exp: expiresAt }
  const token = await signToken(payload, { secret: developmentKey })
  const answer = { token, expires_at: new Date(expiresAt * 1000).toISOString() }
  return Response.json(answer, { headers: { 'cache-control': 'no-store' } })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
