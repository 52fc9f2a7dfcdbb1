import type { z } from 'zod'
import type { Read } from '../control/api-error.ts'
import { readBody } from '../control/read-request.ts'

/** Some clients leave out a body that would be `{}`, and its type with it. */
export async function readBodyIfAny<T>(request: Request, schema: z.ZodType<T>): Promise<Read<T>> {
  const isEmpty = request.body === null || request.headers.get('content-length') === '0'
  if (!isEmpty) return readBody(request, schema)
  const headers = { 'content-type': 'application/json' }
  return readBody(new Request(request.url, { method: 'POST', headers, body: '{}' }), schema)
}
