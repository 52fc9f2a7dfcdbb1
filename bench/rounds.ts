import type { Contestant } from './contestants.ts'
import { cpuSeconds } from './cpu-time.ts'

/** What one contestant took for its share of one round. */
export interface Round {
  readonly requests: number
  readonly seconds: number
  readonly cpuSeconds: number
}

/** Requests that a contestant answers before it is the next one's turn. */
const TURN = 250

/**
 * Puts load on the contestants in short turns, so that whatever else the machine does meets all of
 * them alike. Only who has the turn uses CPU time, so the clock ticks are read once a round, where
 * they are fine enough.
 *
 * @returns what each contestant took
 */
export async function runRound(
  contestants: readonly Contestant[],
  turns: number,
): Promise<readonly Round[]> {
  const cpuBefore = contestants.map(({ pid }) => cpuSeconds(pid))
  const seconds = contestants.map(() => 0)
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, { load }] of contestants.entries()) {
      const before = performance.now()
      await load.send(TURN)
      seconds[index] = (seconds[index] ?? 0) + (performance.now() - before) / 1000
    }
  }
  return contestants.map(({ pid }, index) => ({
    requests: turns * TURN,
    seconds: seconds[index] ?? Number.NaN,
    cpuSeconds: cpuSeconds(pid) - (cpuBefore[index] ?? Number.NaN),
  }))
}
