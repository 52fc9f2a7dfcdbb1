import { expect, it } from 'vitest'
import { acknowledged } from '../support/session-kills/book.ts'
import { runSessionKills } from '../support/session-kills/run.ts'

// `npm run kills:sessions` does the same a hundred times, at every status.

it(
  'leaves no orphan, forgets no backend and frees the keys of the dead, whatever is killed',
  { timeout: 120_000 },
  async () => {
    const plans = [
      { victim: 'spawner', state: 'starting' },
      { victim: 'worker', state: 'waiting' },
      { victim: 'guard', state: 'ready' },
      { victim: 'backend', state: 'terminating' },
    ] as const
    const book = await runSessionKills({ rounds: plans.length, seed: 1, plans })
    expect(book.violations).toEqual([])
    expect(book.rounds).toBe(plans.length)
    expect(acknowledged(book).length).toBeGreaterThan(15)
    const ended = book.casualties.filter(({ survived }) => !survived)
    expect(ended.length).toBeGreaterThanOrEqual(6)
    for (const { freeAfterMs } of ended) expect(freeAfterMs).toBeLessThan(60_000)
  },
)
