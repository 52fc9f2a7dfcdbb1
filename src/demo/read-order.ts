import type { z } from 'zod'
import { parseJson } from '../control/read-request.ts'
import { ok, refuse, type Result } from '../refusal/refusal.ts'

const MAX_BODY_CHARACTERS = 8192

/** Reads the JSON of a development endpoint, or says which field is wrong. */
export function readOrder<T>(body: string, schema: z.ZodType<T>): Result<T> {
  const parsed = schema.safeParse(body.length > MAX_BODY_CHARACTERS ? undefined : parseJson(body))
  if (parsed.success) return ok(parsed.data)
  const [issue] = parsed.error.issues
  const field = issue?.path.join('.') || 'the body'
  return refuse('request_malformed', `${field}: ${issue?.message}`)
}
