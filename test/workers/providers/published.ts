import { exportJWK, generateKeyPair, type CryptoKey as JoseKey } from 'jose'
import type { Identity } from '../../../src/portico.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import type { JwtIssuerOptions } from '../../../src/verify/jwt-options.ts'
import { verifyWithFirst, type VerifyContext } from '../../../src/verify/verifier.ts'
import { mintToken } from '../../support/mint-token.ts'
import { contextAt, NOW } from '../verify/verdict.ts'

const KID = 'k1'

export interface Issued {
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Readonly<Record<string, unknown>>
}

/** An issuer's key pair, and the answers of its web server. */
export interface Published {
  readonly alg: string
  readonly privateKey: JoseKey
  readonly jwk: Readonly<Record<string, unknown>>
}

/** One pair per algorithm and name, because RSA keys take long to make. */
export function published(alg: string, name = 'own'): Promise<Published> {
  const known = pairs.get(`${alg} ${name}`)
  if (known !== undefined) return known
  const pair = makePair(alg)
  pairs.set(`${alg} ${name}`, pair)
  return pair
}

/** For `beforeAll`: an RSA key takes as long as it takes, and that must be no case's time. */
export async function makePairs(algs: readonly string[]): Promise<void> {
  await Promise.all(algs.flatMap((alg) => [published(alg), published(alg, 'other')]))
}

export const KEY_TIMEOUT_MS = 120_000

const pairs = new Map<string, Promise<Published>>()

async function makePair(alg: string): Promise<Published> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid: KID, alg, use: 'sig' } }
}

/** A token as its provider issues it, but for what a case changes. */
export function issue(
  { alg, privateKey }: Published,
  { claims = {}, header = {} }: Issued,
): Promise<string> {
  const times = { iat: NOW - 10, exp: NOW + 60 }
  const sealed = { iss: undefined, aud: undefined, sub: undefined, ...times, ...claims }
  return mintToken(sealed, { key: privateKey, alg, header: { kid: KID, ...header } })
}

/** A context in which these documents can be fetched, and nothing else. */
export function contextServing(documents: Readonly<Record<string, unknown>>): VerifyContext {
  return {
    ...contextAt(NOW),
    fetch: (input) => {
      const document = documents[input as string]
      return Promise.resolve(
        document === undefined ? new Response(null, { status: 404 }) : Response.json(document),
      )
    },
  }
}

/** The refusal's detail, which names what is wrong, or the identity. */
export async function judge(
  options: JwtIssuerOptions | readonly JwtIssuerOptions[],
  token: string,
  context: VerifyContext,
): Promise<Identity | string> {
  const result = await verifyWithFirst([jwt(options)], token, context)
  return result.ok ? result.value : `${result.refusal.code}: ${result.refusal.detail}`
}

export function wrongClaim(name: string): string {
  return `token_invalid: the token's "${name}" is missing or not accepted`
}
