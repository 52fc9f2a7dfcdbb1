import { z } from 'zod'
import type { Connections, Controlled } from '../connection/connections.ts'
import { gatherBackends } from './backends-of-services.ts'
import type { ServiceName } from './services.ts'

export const terminateRequest = z.object({ hard: z.boolean().nullish() })

export const terminateAllRequest = z.object({
  before: z.iso
    .datetime({ offset: true, error: 'expected a time such as 2026-01-31T12:00:00Z' })
    .describe('only backends that are older'),
  hard: z.boolean().nullish(),
  dry_run: z.boolean().nullish(),
})

export interface TerminatedAll {
  readonly backend_count: number
  readonly terminated_count: number
  readonly is_complete: boolean
}

/** Ends what a service started before a time, as far as one request can. */
export async function terminateAll(
  connections: Connections,
  service: ServiceName,
  { before, hard, dry_run }: z.output<typeof terminateAllRequest>,
): Promise<Controlled<TerminatedAll>> {
  const gathered = await gatherBackends(connections, [service])
  if (!gathered.ok) return gathered
  const { found, isComplete } = gathered.value
  const old = found.filter(({ backend }) => backend.createdAt < Date.parse(before))
  const kind = hard === true ? 'hard' : 'soft'
  const ended = await Promise.all(
    (dry_run === true ? [] : old).map(({ backend }) =>
      connections.terminate(backend.backendId, kind),
    ),
  )
  // One that is gone already is no longer there to be ended.
  const failed = ended.filter((one) => !one.ok && one.failure.kind !== 'NotFound')
  return {
    ok: true,
    value: {
      backend_count: old.length,
      terminated_count: ended.filter((one) => one.ok).length,
      is_complete: isComplete && failed.length === 0,
    },
  }
}
