import { verifyToken } from '@clerk/backend'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { jwt } from '../../src/verify/jwt.ts'
import { verifyWithFirst } from '../../src/verify/verifier.ts'
import { AUDIENCE, KEYS_ISSUER, SECRET, SECRET_ISSUER, type Signer } from './signers.ts'

/** The moment of every verdict, in seconds since the epoch. */
export const NOW = 1_900_000_000
export const CLOCK_SKEW_SECONDS = 5

/** What each verifier says of a token, all of them configured with the same keys and rules. */
export interface Verdicts {
  readonly portico: (token: string) => Promise<boolean>
  readonly jose: (token: string) => Promise<boolean>
  /** Of tokens that are meant for its one RS256 key; it knows no others. */
  readonly clerk: (token: string) => Promise<boolean>
}

export function createVerdicts(signers: readonly Signer[]): Verdicts {
  const keys = signers.flatMap(({ jwk }) => jwk ?? [])
  const verifier = jwt([
    { issuer: SECRET_ISSUER, audience: AUDIENCE, secret: SECRET },
    { issuer: KEYS_ISSUER, audience: AUDIENCE },
  ])
  const context = {
    now: () => NOW * 1000,
    fetch: () => Promise.resolve(Response.json({ keys })),
    sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 1)),
  }
  const rules = {
    audience: AUDIENCE,
    clockTolerance: CLOCK_SKEW_SECONDS,
    currentDate: new Date(NOW * 1000),
  }
  const secret = new TextEncoder().encode(SECRET)
  const keySet = createLocalJWKSet({ keys })
  const algorithms = signers.flatMap(({ jwk, alg }) => (jwk === undefined ? [] : [alg]))
  const pem = signers.find(({ alg }) => alg === 'RS256')?.pem ?? ''
  return {
    portico: async (token) => (await verifyWithFirst([verifier], token, context)).ok,
    // Each of the two can only accept tokens that name its issuer.
    jose: async (token) =>
      (await isFulfilled(() =>
        jwtVerify(token, keySet, { ...rules, issuer: KEYS_ISSUER, algorithms }),
      )) ||
      isFulfilled(() =>
        jwtVerify(token, secret, { ...rules, issuer: SECRET_ISSUER, algorithms: ['HS256'] }),
      ),
    clerk: (token) =>
      isFulfilled(() =>
        verifyToken(token, {
          jwtKey: pem,
          audience: AUDIENCE,
          issuer: KEYS_ISSUER,
          clockSkewInMs: CLOCK_SKEW_SECONDS * 1000,
        }),
      ),
  }
}

async function isFulfilled(verify: () => Promise<unknown>): Promise<boolean> {
  try {
    await verify()
    return true
  } catch {
    return false
  }
}
