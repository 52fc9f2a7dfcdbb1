import { logFailure } from '../refusal/log-failure.ts'
import type { Backend } from '../store/backend.ts'
import type { BackendPlan } from '../store/backend-plan.ts'
import type { TerminationKind } from '../store/backend-status.ts'
import type { Controlled } from './connections.ts'
import type { SpawnOutcome, Spawner } from './spawner.ts'
import { asking, failed } from './stores.ts'

/** Asks the spawner to run a backend. Where it does not, nothing is left that waits for it. */
export async function startBackend(
  plan: BackendPlan,
  staticToken: string | undefined,
  spawner: Spawner | undefined,
  stub: DurableObjectStub<Backend>,
): Promise<Controlled<undefined>> {
  const outcome = spawner && (await spawn(spawner, plan, staticToken))
  if (outcome?.kind === 'accepted') return { ok: true, value: undefined }
  // A spawner whose answer was lost may have reported it, and so was told to go on.
  const when = outcome?.kind === 'refused' ? 'anyway' : 'unreported'
  const ended = await asking(async () => stub.giveUp('internalerror', when))
  if (!ended.ok) return ended
  if (outcome?.kind === 'refused') return failed('InvalidRequest', inSpawnConfig(outcome.message))
  if (!ended.value) return { ok: true, value: undefined }
  return failed('SpawnerUnavailable', 'the spawner cannot be asked right now')
}

async function spawn(
  spawner: Spawner,
  { id, key, executable, maxIdleSeconds, lifetimeLimitSeconds }: BackendPlan,
  staticToken: string | undefined,
): Promise<SpawnOutcome> {
  const limits = { maxIdleSeconds, lifetimeLimitSeconds }
  try {
    return await spawner.spawn({ backendId: id, key, executable, staticToken, ...limits })
  } catch (error) {
    logFailure('a spawner threw', error)
    return { kind: 'unavailable' }
  }
}

/** What the spawner is not told here, it is told when it reports. */
export async function stopBackend(
  backendId: string,
  kind: TerminationKind,
  spawner: Spawner | undefined,
  stub: DurableObjectStub<Backend>,
): Promise<Controlled<undefined>> {
  try {
    if ((await spawner?.stop(backendId, kind)) !== 'unknown') return { ok: true, value: undefined }
  } catch (error) {
    logFailure('a spawner threw', error)
    return { ok: true, value: undefined }
  }
  const ended = await asking(async () => stub.giveUp('external', 'anyway'))
  return ended.ok ? { ok: true, value: undefined } : ended
}

/** The message of a spawner says `executable.image: …`; the caller wrote `spawn_config.executable`. */
function inSpawnConfig(message: string): string {
  const isNamed = /^executable\b/.test(message)
  return `spawn_config.${isNamed ? '' : 'executable: '}${message}`
}
