import { deepFreeze } from '../identity/deep-freeze.ts'
import type { Claims, Identity } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'
import { checkClaims, REGISTERED_CLAIMS, type CheckedClaims, type JwtClaims } from './claims.ts'
import { parseCompactJws, type UnverifiedJws } from './compact-jws.ts'
import { checkIssuer, type JwtIssuer, type JwtIssuerOptions } from './jwt-options.ts'
import type { PinnedKey } from './pinned-key.ts'
import { isSignedBy } from './signature.ts'
import { createVerifiedTokens, type VerifiedToken } from './verified-tokens.ts'
import type { Verifier, VerifyContext } from './verifier.ts'

/**
 * Verifies the JWTs of one or several issuers.
 *
 * @throws ConfigurationError that names the option which is wrong
 */
export function jwt<C = JwtClaims>(
  issuers: JwtIssuerOptions | readonly JwtIssuerOptions[],
): Verifier<C> {
  const byIssuer = new Map<string, JwtIssuer>()
  for (const options of [issuers].flat() as readonly JwtIssuerOptions[]) {
    const issuer = checkIssuer(options)
    if (byIssuer.has(options.issuer))
      throw new ConfigurationError(`issuer: ${options.issuer} is given twice`)
    byIssuer.set(options.issuer, issuer)
  }
  if (byIssuer.size === 0) throw new ConfigurationError('issuer: there is none in the list')
  const verified = createVerifiedTokens()

  return async (token, context) => {
    const known = verified.get(token, context.now())
    if (known !== undefined) return ok(known.identity as Identity<C>)
    const jws = parseCompactJws(token)
    if (jws === undefined) return undefined
    // The issuer is not verified here: it only selects among the configured ones.
    const { iss } = jws.payload
    const issuer = typeof iss === 'string' ? byIssuer.get(iss) : undefined
    if (issuer === undefined) return undefined
    const result = await verifyJws(jws, issuer, context)
    if (!result.ok) return result
    verified.set(token, result.value)
    return ok(result.value.identity as Identity<C>)
  }
}

/** The signature comes before the claims: what is wrong with an unsigned token is nobody's business. */
async function verifyJws(
  jws: UnverifiedJws,
  issuer: JwtIssuer,
  context: VerifyContext,
): Promise<Result<VerifiedToken>> {
  const candidates = await issuer.keys.find(jws.algorithm, jws.kid, context)
  if (!candidates.ok) return candidates
  const key = await signerOf(jws, candidates.value)
  if (key === undefined) return refuse('token_invalid', "the token's signature is not its issuer's")
  const claims = checkClaims(
    { header: jws.header, claims: jws.payload },
    issuer.rules,
    context.now() / 1000,
  )
  if (!claims.ok) return claims
  const identity = identityFrom(jws.payload, claims.value, issuer)
  if (!identity.ok) return identity
  const { acceptedUntil } = claims.value
  return ok({ identity: identity.value, key, keys: issuer.keys, acceptedUntil })
}

async function signerOf(
  jws: UnverifiedJws,
  candidates: readonly PinnedKey[],
): Promise<PinnedKey | undefined> {
  for (const key of candidates) if (await isSignedBy(jws, key)) return key
  return undefined
}

const NOT_FORWARDED: ReadonlySet<string> = new Set([...REGISTERED_CLAIMS, 'azp'])

function identityFrom(
  claims: Claims,
  checked: CheckedClaims,
  { rules, userClaim, forwardClaims }: JwtIssuer,
): Result<Identity> {
  const { subject, session, tokenId, organization, roles, expiresAt } = checked
  const username = userClaim === undefined ? checked.username : claims[userClaim]
  if (typeof username !== 'string' || username === '') {
    return refuse('token_invalid', `the token's "${userClaim ?? 'sub'}" is missing or not accepted`)
  }
  const isForwarded = (name: string) => forwardClaims?.includes(name) ?? !NOT_FORWARDED.has(name)
  const userData = Object.setPrototypeOf({}, null) as Record<string, unknown>
  for (const name of Object.keys(claims)) if (isForwarded(name)) userData[name] = claims[name]
  // Not all at once: what stands in the claims would be visited again, at a tenth of the whole cost.
  return ok(
    Object.freeze({
      issuer: rules.issuer,
      subject,
      username,
      session,
      tokenId,
      organization: organization === undefined ? undefined : deepFreeze(organization),
      roles: Object.freeze(roles),
      expiresAt,
      claims: deepFreeze(claims),
      userData: Object.freeze(userData),
    }),
  )
}
