import { expect, it } from 'vitest'
import { runKills } from '../support/kill-rounds.ts'

// `npm run kills` does the same a hundred times.

it('keeps every token, revocation and key that it acknowledged before it was killed', async () => {
  const report = await runKills({ kills: 5, seed: 1 })
  expect(report.violations).toEqual([])
  expect(report.acknowledgedTokens).toBeGreaterThan(20)
  expect(report.acknowledgedRevocations).toBeGreaterThan(5)
})
