import * as fc from 'fast-check'
import { exportSPKI, generateKeyPair } from 'jose'
import { expect, it } from 'vitest'
import { jwt } from '../../../src/verify/jwt.ts'
import type { Verifier } from '../../../src/verify/verifier.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../../support/mint-token.ts'
import { NOW, verdictOf } from './verdict.ts'

const RUNS = 1500

type Mutation = (token: string) => string

const at = fc.nat()
const character = fc.oneof(
  fc.constantFrom(...Array.from('ABCXYZabcxyz0189-_.=+/ \n\t\0é')),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
)

/** What can happen to a token on its way, or be done to it by one who has no key. */
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.tuple(at, character).map(
    ([where, char]): Mutation =>
      (token) =>
        splice(token, where, 1, char),
  ),
  fc.tuple(at, character).map(
    ([where, char]): Mutation =>
      (token) =>
        splice(token, where, 0, char),
  ),
  fc.tuple(at, fc.integer({ min: 1, max: 40 })).map(
    ([where, count]): Mutation =>
      (token) =>
        splice(token, where, count, ''),
  ),
  fc.tuple(at, at).map(
    ([one, other]): Mutation =>
      (token) =>
        swapped(token, one % token.length, other % token.length),
  ),
  fc.shuffledSubarray([0, 1, 2], { minLength: 1 }).map(
    (order): Mutation =>
      (token) =>
        order.map((index) => token.split('.')[index]).join('.'),
  ),
  fc.dictionary(fc.constantFrom('alg', 'kid', 'typ', 'jwk', 'crit'), fc.jsonValue()).map(
    (members): Mutation =>
      (token) =>
        withMembers(token, 0, members),
  ),
  fc.dictionary(fc.constantFrom('iss', 'sub', 'aud', 'exp', 'nbf', 'iat'), fc.jsonValue()).map(
    (members): Mutation =>
      (token) =>
        withMembers(token, 1, members),
  ),
)

const claims = { iat: NOW, exp: NOW + 60, jti: 't1' }

it('accepts no HS256 token that differs from the one its issuer signed', async () => {
  const verifier = jwt({ issuer: ISSUER, audience: AUDIENCE, secret: SECRET })
  await noneIsAccepted(verifier, await mintToken(claims))
})

it('accepts no ES256 token that differs from the one its issuer signed', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const pem = await exportSPKI(publicKey)
  const verifier = jwt({ issuer: ISSUER, audience: AUDIENCE, publicKey: pem })
  await noneIsAccepted(verifier, await mintToken(claims, { key: privateKey, alg: 'ES256' }))
})

async function noneIsAccepted(verifier: Verifier, token: string): Promise<void> {
  expect(await verdictOf(verifier, token)).toBe('ok')
  const mutations = fc.array(mutation, { minLength: 1, maxLength: 3 })
  const property = fc.asyncProperty(mutations, async (steps) => {
    const mutated = steps.reduce((text, change) => change(text), token)
    fc.pre(mutated !== token)
    expect(await verdictOf(verifier, mutated)).toMatch(/^token_(?:malformed|invalid)$/)
  })
  await fc.assert(property, { numRuns: RUNS, seed: 8725 })
}

function splice(token: string, where: number, count: number, text: string): string {
  const index = where % (token.length + 1)
  return token.slice(0, index) + text + token.slice(index + count)
}

function swapped(token: string, one: number, other: number): string {
  const characters = Array.from(token)
  const kept = characters[one] ?? ''
  characters[one] = characters[other] ?? ''
  characters[other] = kept
  return characters.join('')
}

/** Header or payload with other members, under the old signature. */
function withMembers(token: string, segment: 0 | 1, members: object): string {
  const segments = token.split('.')
  try {
    const text = atob((segments[segment] ?? '').replaceAll('-', '+').replaceAll('_', '/'))
    const changed = JSON.stringify({ ...(JSON.parse(text) as object), ...members })
    const bytes = String.fromCharCode(...new TextEncoder().encode(changed))
    const encoded = btoa(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
    return segments.with(segment, encoded).join('.')
  } catch {
    // An earlier step has already spoilt it.
    return token
  }
}
