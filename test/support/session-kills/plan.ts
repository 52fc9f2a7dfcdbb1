import type { BackendStatus } from '../../../src/store/backend-status.ts'

/** What a round kills, and where its backends are in their lives then. */
export interface KillPlan {
  readonly victim: (typeof VICTIMS)[number]
  readonly state: (typeof STATES)[number]
}

const VICTIMS = ['spawner', 'backend', 'worker', 'guard'] as const
const STATES = [
  'scheduled',
  'loading',
  'starting',
  'waiting',
  'ready',
  'terminating',
  'hard-terminating',
] as const satisfies readonly BackendStatus[]
/** Before, there is no process yet; afterwards it has been killed already. */
const WITH_PROCESS: ReadonlySet<string> = new Set(['starting', 'waiting', 'ready', 'terminating'])

/** Each once. */
export const PLANS: readonly KillPlan[] = STATES.flatMap((state) =>
  VICTIMS.map((victim): KillPlan => ({ victim, state })),
).filter(
  ({ victim, state }) => victim === 'spawner' || victim === 'worker' || WITH_PROCESS.has(state),
)

export function nameOf({ victim, state }: KillPlan): string {
  return `${victim} killed while ${state}`
}
