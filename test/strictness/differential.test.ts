import { beforeAll, describe, expect, it } from 'vitest'
import {
  BATCH_TOKENS,
  differenceRows,
  emptyTally,
  judgeTokens,
  seedOf,
  type Tally,
} from './differential.ts'
import { reasonsOfClerk, reasonsToRefuse } from './differences.ts'
import { documentedRows } from './document.ts'
import { brokenRules } from './second-opinion.ts'
import { createSigners, type Signer } from './signers.ts'
import { tokenOf, type Recipe } from './tokens.ts'

const UNCHANGED: Recipe = {
  signer: 0,
  header: {},
  claims: {},
  quirks: [],
  signature: 'good',
  changes: [],
  nonce: 1,
}

describe('beside jose and @clerk/backend', () => {
  let tally: Tally

  // Fails at the first difference that is not on the list, with the smallest token that shows it.
  beforeAll(async () => {
    tally = emptyTally()
    await judgeTokens(seedOf(0), BATCH_TOKENS, tally)
  }, 300_000)

  it('the gate differs as docs/strictness.md says, and in no other way', async () => {
    expect(await documentedRows('| refused by the gate |')).toEqual(differenceRows(tally))
    const rows = await documentedRows('| accepted by the gate |')
    expect(rows.map((row) => row.split(' | ')[0])).toEqual(
      Object.keys(tally.refusedByClerkFor).map((name) => `| ${name}`),
    )
  })

  it('the gate was shown enough of what is accepted, and of every difference', () => {
    expect(tally.tokens).toBe(BATCH_TOKENS)
    expect(tally.accepted).toBeGreaterThan(BATCH_TOKENS / 4)
    expect(tally.acceptedByClerk).toBeGreaterThan(BATCH_TOKENS / 20)
    for (const { jose, clerk } of Object.values(tally.refusedFor)) {
      expect(jose + clerk).toBeGreaterThan(0)
    }
    for (const count of Object.values(tally.refusedByClerkFor)) expect(count).toBeGreaterThan(0)
  })
})

describe('the second opinion', () => {
  let signers: readonly Signer[]

  beforeAll(async () => {
    signers = await createSigners()
  })

  it.for<[rule: string, change: Partial<Recipe>]>([
    ['3.1', { header: { alg: 'none' } }],
    ['3.1', { claims: { iss: 'https://evil.example' } }],
    ['3.2', { signature: 'by another key' }],
    ['3.2', { signature: 'by public text' }],
    ['3.7', { changes: [{ kind: 'append', text: '=' }] }],
    ['3.7', { quirks: [{ segment: 'payload', kind: 'invalid UTF-8' }] }],
    ['3.8', { claims: { sub: 1 } }],
    ['3.8', { signer: 1, header: { kid: 'unknown' } }],
    ['3.9', { claims: { aud: 'other' } }],
    ['3.10', { header: { crit: ['x'] } }],
    ['3.11', { header: { typ: 'at+jwt' } }],
    ['RFC 7519, 4.1.4', { claims: { exp: 1 } }],
    ['RFC 7519, 4.1.4', { claims: { exp: undefined } }],
    ['RFC 7519, 4.1.5', { claims: { nbf: 1e10 } }],
    ['RFC 7519, 4.1.6', { claims: { iat: 1e10 } }],
  ])('finds a token that breaks rule %s', async ([rule, change]) => {
    const token = await tokenOf({ ...UNCHANGED, ...change }, signers)
    expect(brokenRules(token, signers).some((broken) => broken.startsWith(rule))).toBe(true)
  })

  it.for([0, 1, 2, 3, 4])('finds nothing wrong with a token of signer %i', async (signer) => {
    const token = await tokenOf({ ...UNCHANGED, signer }, signers)
    expect(brokenRules(token, signers)).toEqual([])
    expect(reasonsToRefuse(token)).toEqual([])
    expect(reasonsOfClerk(token)).toEqual([])
  })
})
