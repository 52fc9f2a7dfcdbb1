import { z } from 'zod'
import {
  STATUS_ORDER,
  TERMINATION_KINDS,
  TERMINATION_REASONS,
  type BackendStatus,
  type StatusEntry,
} from '../store/backend-status.ts'
import { named } from './names.ts'

export const backendStatus = z
  .enum(Object.keys(STATUS_ORDER) as [BackendStatus])
  .register(named, { id: 'BackendStatus' })

export const statusDocument = z
  .object({
    status: backendStatus,
    termination_reason: z.enum(TERMINATION_REASONS).optional(),
    termination_kind: z.enum(TERMINATION_KINDS).optional(),
    exit_error: z.boolean().optional().describe('only where the backend has ended'),
    time: z.int().describe('milliseconds since the epoch'),
  })
  .register(named, { id: 'Status' })

/** A status as Plane tells it: what is not known is left out, since clients refuse `null`. */
export function statusDocumentOf(entry: StatusEntry): z.output<typeof statusDocument> {
  const { status, terminationReason, terminationKind, exitError, time } = entry
  return {
    status,
    ...(terminationReason !== undefined && { termination_reason: terminationReason }),
    ...(terminationKind !== undefined && { termination_kind: terminationKind }),
    ...(exitError !== undefined && { exit_error: exitError }),
    time,
  }
}

/** The same with an ISO 8601 time, as Jamsocket's clients want it: they refuse a number. */
export function isoStatusDocumentOf(entry: StatusEntry) {
  return { ...statusDocumentOf(entry), time: new Date(entry.time).toISOString() }
}
