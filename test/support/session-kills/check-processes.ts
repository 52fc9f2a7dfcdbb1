import { setTimeout as wait } from 'node:timers/promises'
import type { RoundContext } from './lane.ts'
import { killSeen, type SeenProcess } from './processes.ts'

const GONE_WITHIN_MS = 15_000
const LOOK_MS = 25

/** That there are processes of those backends only that are wanted; what is there else is killed. */
export async function checkProcesses(
  { name, machine, book }: RoundContext,
  isWanted: (backendId: string) => boolean,
  withinMs = GONE_WITHIN_MS,
): Promise<void> {
  const unwanted = () => machine.processes().filter(({ backendId }) => !isWanted(backendId))
  const deadline = performance.now() + withinMs
  let left = unwanted()
  while (left.length > 0 && performance.now() < deadline) {
    await wait(LOOK_MS)
    left = unwanted()
  }
  for (const seen of left) {
    book.violations.push(`${name}: left behind: ${describe(seen)}`)
    killSeen(seen)
  }
}

function describe({ role, backendId, pid }: SeenProcess): string {
  return `the ${role} ${pid} of ${backendId}`
}
