import { z } from 'zod'

export const isoTime = z.iso.datetime().describe('ISO 8601')

/** Seconds since the epoch as ISO 8601; `null` for a time that never comes or has not come. */
export function isoTimeOf(seconds: number | undefined): string | null {
  return seconds === undefined ? null : new Date(seconds * 1000).toISOString()
}
