import { verifyToken as clerkVerifyToken } from '@clerk/backend'
import { verifyJwt as clerkVerifyJwt } from '@clerk/backend/jwt'
import { verify as tsndrVerify } from '@tsndr/cloudflare-worker-jwt'
import { verify as honoVerify } from 'hono/jwt'
import { jwtVerify } from 'jose'
import { jwt, type Algorithm, type Jwk } from '../../src/portico.ts'
import { algorithms } from '../../src/verify/algorithms.ts'
import type { Verifier, VerifyContext } from '../../src/verify/verifier.ts'
import { AUDIENCE, ISSUER } from '../../test/support/mint-token.ts'
import type { Assignment, ContestantName } from '../verify-assignment.ts'

type Verify = (token: string) => Promise<unknown>

const context: VerifyContext = {
  now: Date.now,
  fetch: () => Promise.reject(new Error('nothing is to be fetched here')),
  sleep: (milliseconds) => scheduler.wait(milliseconds),
}

/** Keys are imported once for all: what is compared is what each new request costs. */
const contestants: Readonly<Record<ContestantName, (assignment: Assignment) => Promise<Verify>>> = {
  // There are more tokens than it remembers, so that each has been forgotten when it comes again.
  'Portico, cold': async ({ algorithm, jwk }) => asVerify(portico(algorithm, jwk)),
  'Portico, tokens remembered': async ({ algorithm, jwk }) => asVerify(portico(algorithm, jwk)),
  async jose({ algorithm, jwk }) {
    const key = await imported(algorithm, jwk)
    const rules = {
      issuer: ISSUER,
      audience: AUDIENCE,
      algorithms: [algorithm],
      typ: 'JWT',
      requiredClaims: ['sub', 'exp'],
      clockTolerance: 5,
    }
    return (token) => jwtVerify(token, key, rules)
  },
  async 'hono/jwt'({ algorithm, jwk }) {
    const key = await imported(algorithm, jwk)
    const alg = algorithm as Extract<Algorithm, 'HS256'>
    const rules = { alg, iss: ISSUER, aud: AUDIENCE, typ: 'JWT' }
    return (token) => honoVerify(token, key, rules)
  },
  async 'tsndr alone'({ algorithm, jwk }) {
    const key = await imported(algorithm, jwk)
    return (token) => tsndrVerify(token, key, { algorithm, throwError: true })
  },
  async 'Clerk verifyToken'({ pem = '' }) {
    const rules = { jwtKey: pem, issuer: ISSUER, audience: AUDIENCE }
    return (token) => clerkVerifyToken(token, rules)
  },
  async 'Clerk verifyJwt'({ jwk }) {
    const rules = { key: jwk as JsonWebKey, issuer: ISSUER, audience: AUDIENCE }
    return (token) => clerkVerifyJwt(token, rules)
  },
}

function portico(algorithm: Algorithm, jwk: Jwk): Verifier<unknown> {
  const rules = { issuer: ISSUER, audience: AUDIENCE, algorithms: [algorithm] }
  return jwk.k === undefined
    ? jwt({ ...rules, publicKey: jwk })
    : jwt({ ...rules, secret: atob(jwk.k.replaceAll('-', '+').replaceAll('_', '/')) })
}

function asVerify(verifier: Verifier<unknown>): Verify {
  return async (token) => {
    const result = await verifier(token, context)
    if (result?.ok !== true) throw new Error('Portico refused a token of the benchmark')
  }
}

function imported(algorithm: Algorithm, jwk: Jwk): Promise<CryptoKey> {
  const { importParams } = algorithms[algorithm]
  return crypto.subtle.importKey('jwk', jwk as JsonWebKey, importParams, false, ['verify'])
}

interface Running {
  readonly verify: Verify
  /** Over how many of the tokens it goes, again and again. */
  readonly distinct: number
  next: number
}

const REMEMBERED_TOKENS = 64

let assignment: Assignment | undefined
let running = new Map<ContestantName, Running>()

/** The benchmark sends what is to be verified, and measures from outside: in a Worker clocks stand still. */
export default {
  async fetch(request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname === '/assign') {
      assignment = await request.json<Assignment>()
      running = new Map()
      return new Response()
    }
    if (assignment === undefined) return new Response('nothing is assigned', { status: 409 })
    const { tokens } = assignment
    const name = searchParams.get('contestant') as ContestantName
    const contestant = running.get(name) ?? {
      verify: await contestants[name](assignment),
      distinct: name === 'Portico, tokens remembered' ? REMEMBERED_TOKENS : tokens.length,
      next: 0,
    }
    running.set(name, contestant)
    for (let left = Number(searchParams.get('count')); left > 0; left--) {
      await contestant.verify(tokens[contestant.next++ % contestant.distinct] ?? '')
    }
    return new Response()
  },
} satisfies ExportedHandler
