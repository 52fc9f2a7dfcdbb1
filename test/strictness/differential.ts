import * as fc from 'fast-check'
import { differenceNames, reasonsOfClerk, reasonsToRefuse } from './differences.ts'
import { brokenRules } from './second-opinion.ts'
import { createSigners, type Signer } from './signers.ts'
import { recipes, tokenOf, type Recipe } from './tokens.ts'
import { createVerdicts, NOW, type Verdicts } from './verdicts.ts'

/** How many tokens were judged, and how. */
export interface Tally {
  tokens: number
  accepted: number
  acceptedByJose: number
  /** Tokens for an RS256 key, the only ones that Clerk's library knows. */
  judgedByClerk: number
  acceptedByClerk: number
  /** Tokens that another library accepts and the gate refuses, for this one reason alone. */
  readonly refusedFor: Record<string, { jose: number; clerk: number }>
  /** Tokens that the gate accepts and Clerk's library refuses. */
  readonly refusedByClerkFor: Record<string, number>
}

/** One million tokens are these batches; each has the seed that its number gives it. */
export const BATCH_TOKENS = 20_000
export const BATCHES = 50
const FIRST_SEED = 8_725_000
const LANES = 4

export function seedOf(batch: number): number {
  return FIRST_SEED + batch
}

export function emptyTally(): Tally {
  return {
    tokens: 0,
    accepted: 0,
    acceptedByJose: 0,
    judgedByClerk: 0,
    acceptedByClerk: 0,
    refusedFor: Object.fromEntries(
      differenceNames.stricter.map((name) => [name, { jose: 0, clerk: 0 }]),
    ),
    refusedByClerkFor: Object.fromEntries(differenceNames.laxerThanClerk.map((name) => [name, 0])),
  }
}

/**
 * Judges generated tokens with the gate's verifier, jose and Clerk's library, and fails at a
 * difference that is not on the list, with the smallest token that shows it.
 *
 * @throws Error with seed, path and recipe of that token
 */
export async function judgeTokens(seed: number, count: number, tally: Tally): Promise<void> {
  const signers = await createSigners()
  const verdicts = createVerdicts(signers)
  const realNow = Date.now
  // Clerk's library has no option for the time.
  Date.now = () => NOW * 1000
  try {
    const property = fc.asyncProperty(recipes, (recipe) => judge(recipe, signers, verdicts, tally))
    // Several at once, since most of the time is spent on the threads that verify.
    const lanes = Array.from({ length: LANES }, (_, lane) =>
      fc.assert(property, {
        seed: seed * LANES + lane,
        numRuns: Math.ceil((count - lane) / LANES),
      }),
    )
    await Promise.all(lanes)
  } finally {
    Date.now = realNow
  }
}

async function judge(
  recipe: Recipe,
  signers: readonly Signer[],
  verdicts: Verdicts,
  tally: Tally,
): Promise<void> {
  const token = await tokenOf(recipe, signers)
  const isForClerk = signers[recipe.signer]?.alg === 'RS256'
  const [portico, jose, clerk] = await Promise.all([
    verdicts.portico(token),
    verdicts.jose(token),
    isForClerk && verdicts.clerk(token),
  ])
  tally.tokens += 1
  tally.accepted += Number(portico)
  tally.acceptedByJose += Number(jose)
  tally.judgedByClerk += Number(isForClerk)
  tally.acceptedByClerk += Number(clerk)
  if (portico) {
    if (!jose) fail('accepted, but not by jose', token)
    const broken = brokenRules(token, signers)
    if (broken.length > 0) fail(`accepted against RFC 8725: ${broken.join(', ')}`, token)
    if (isForClerk && !clerk) {
      const [reason] = reasonsOfClerk(token)
      if (reason === undefined) fail("accepted, but not by Clerk's library", token)
      else tally.refusedByClerkFor[reason] = (tally.refusedByClerkFor[reason] ?? 0) + 1
    }
  } else if (jose || clerk) {
    const [reason, ...others] = reasonsToRefuse(token)
    if (reason === undefined) fail(`refused, but accepted by ${jose ? 'jose' : 'Clerk'}`, token)
    const counted = others.length === 0 ? tally.refusedFor[reason ?? ''] : undefined
    if (counted !== undefined) {
      counted.jose += Number(jose)
      counted.clerk += Number(clerk)
    }
  }
}

function fail(what: string, token: string): never {
  throw new Error(`${what}: ${JSON.stringify(token)}`)
}

/** The rows of the table of differences: who accepts what the gate refuses. */
export function differenceRows({ refusedFor }: Tally): readonly string[] {
  return Object.entries(refusedFor).map(
    ([name, { jose, clerk }]) => `| ${name} | ${verb(jose)} | ${verb(clerk)} |`,
  )
}

function verb(accepted: number): string {
  return accepted > 0 ? 'accepts' : 'refuses'
}
