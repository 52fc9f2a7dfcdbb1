import { sign } from '@tsndr/cloudflare-worker-jwt'
import type { Claims } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Algorithm } from './algorithms.ts'
import { isNumericDate } from './claims.ts'
import { MAX_TOKEN_CHARACTERS } from './compact-jws.ts'
import { checkNames, checkSeconds, checkText, checkTexts } from './option-checks.ts'
import { importSigningKey, type PrivateJwk } from './signing-key.ts'

/** What the JWT library signs; `jwt()` verifies PS256–512 and EdDSA as well. */
const SIGNED = [
  'HS256',
  'HS384',
  'HS512',
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
] as const satisfies readonly Algorithm[]

export type SigningAlgorithm = (typeof SIGNED)[number]

export type SignTokenOptions = (
  | {
      /** Read as UTF-8; at least as long as the hash (32 bytes for HS256). */
      readonly secret: string
      readonly privateKey?: never
    }
  | {
      /** A `PRIVATE KEY` PEM (PKCS #8) or a private JWK. */
      readonly privateKey: string | PrivateJwk
      readonly secret?: never
    }
) & {
  /** Default: `HS256` for a secret, the JWK's `alg` for a JWK. A PEM does not say, so it is needed. */
  readonly algorithm?: SigningAlgorithm
  /** Sets `exp`, where the claims hold none. */
  readonly expiresInSeconds?: number
  /** Sets `iss`, where the claims hold none. */
  readonly issuer?: string
  /** Sets `aud`, where the claims hold none. */
  readonly audience?: string | readonly string[]
  /** Names the key in the header. */
  readonly kid?: string
}

const OPTIONS: Readonly<Record<keyof SignTokenOptions, true>> = {
  secret: true,
  privateKey: true,
  algorithm: true,
  expiresInSeconds: true,
  issuer: true,
  audience: true,
  kid: true,
}

const MAX_LIFETIME_SECONDS = 366 * 24 * 3600

/**
 * Signs a JWT that `jwt()` accepts: for hooks, tests and development. A token has an issuer, a
 * subject and an end, or it is not signed.
 *
 * @throws ConfigurationError that names the option or the claim which is wrong, never its value
 */
export async function signToken(claims: Claims, options: SignTokenOptions): Promise<string> {
  checkNames(options, OPTIONS)
  if ('secret' in options === 'privateKey' in options)
    throw new ConfigurationError('secret, privateKey: one of them is needed, and only one')
  const algorithm = algorithmOf(options)
  const payload = payloadOf(claims, options)
  const kid = kidOf(options)
  // Base64 makes three characters four; header and signature take the rest.
  if ((JSON.stringify(payload).length * 4) / 3 > MAX_TOKEN_CHARACTERS) throw tooLong()
  const key = await keyOf(options, algorithm)
  // The library leaves out `typ` when a header is given, so it gets the whole header.
  const header = { typ: 'JWT', ...(kid === undefined ? {} : { kid }) }
  const token = await sign(payload, key, { algorithm, header })
  if (token.length > MAX_TOKEN_CHARACTERS) throw tooLong()
  return token
}

async function keyOf(
  { secret, privateKey }: SignTokenOptions,
  algorithm: Algorithm,
): Promise<CryptoKey> {
  const option = secret === undefined ? 'privateKey' : 'secret'
  try {
    return await importSigningKey(secret === undefined ? { privateKey } : { secret }, algorithm)
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    throw new ConfigurationError(`${option}: ${error.message}`)
  }
}

function algorithmOf({ algorithm, secret, privateKey }: SignTokenOptions): SigningAlgorithm {
  const own = typeof privateKey === 'object' ? privateKey.alg : undefined
  const named = algorithm ?? (secret === undefined ? own : 'HS256')
  const found = SIGNED.find((known) => known === named)
  if (found === undefined || (own !== undefined && own !== found)) {
    throw new ConfigurationError(
      `algorithm: expected the key's own, and one of ${SIGNED.join(', ')}`,
    )
  }
  if (found.startsWith('HS') === (secret === undefined)) {
    throw new ConfigurationError('algorithm: HS256, HS384 and HS512 need a secret, others a key')
  }
  return found
}

function kidOf({ kid, privateKey }: SignTokenOptions): string | undefined {
  const named = kid ?? (typeof privateKey === 'object' ? privateKey.kid : undefined)
  return named === undefined ? undefined : checkText('kid', named)
}

/** A copy with all that a token must have: the library writes into the payload that it gets. */
function payloadOf(claims: Claims, options: SignTokenOptions): Record<string, unknown> {
  const { issuer, audience, expiresInSeconds } = options
  const now = Math.floor(Date.now() / 1000)
  const added = {
    iss: issuer === undefined ? undefined : checkText('issuer', issuer),
    aud: audience === undefined ? undefined : audienceOf(audience),
    exp:
      expiresInSeconds === undefined
        ? undefined
        : now + checkSeconds('expiresInSeconds', expiresInSeconds, MAX_LIFETIME_SECONDS, 1),
  }
  const payload: Record<string, unknown> = { iat: now, ...claims }
  for (const [name, value] of Object.entries(added)) {
    if (value === undefined) continue
    if (payload[name] !== undefined)
      throw new ConfigurationError(`${name}: it is a claim and an option`)
    payload[name] = value
  }
  checkText('iss', payload['iss'])
  checkText('sub', payload['sub'])
  if (!isNumericDate(payload['exp'])) {
    throw new ConfigurationError('exp: a token needs an end, in seconds, or expiresInSeconds')
  }
  for (const name of ['iat', 'nbf']) {
    if (payload[name] !== undefined && !isNumericDate(payload[name]))
      throw new ConfigurationError(`${name}: expected seconds since the epoch`)
  }
  return payload
}

function audienceOf(audience: unknown): string | readonly string[] {
  return typeof audience === 'string'
    ? checkText('audience', audience)
    : checkTexts('audience', audience)
}

function tooLong(): ConfigurationError {
  return new ConfigurationError(
    `claims: the token would be longer than ${MAX_TOKEN_CHARACTERS} characters`,
  )
}
