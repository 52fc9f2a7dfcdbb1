import type { z } from 'zod'
import { fieldName } from '../refusal/field-name.ts'
import type { ApiFailure, Read } from './api-error.ts'

/** As Plane's: two mebibytes. */
const MAX_BODY_BYTES = 2 * 1024 * 1024
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json\s*(?:;|$)/i
/** A list with a million wrong entries has a million problems. */
const MAX_PROBLEMS = 5

/** The body as its schema has it, or Plane's status for what is wrong with it. */
export async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<Read<T>> {
  const body = await readJson(request)
  if (!body.ok) return body
  return checked(schema, body.value, 422, 'the body')
}

/** The parameters of the query that the schema names. Others are left alone: clients add their own. */
export function readQuery<T>(url: string, schema: z.ZodType<T>): Read<T> {
  const { searchParams } = new URL(url)
  return checked(schema, Object.fromEntries(searchParams), 400, 'the query')
}

async function readJson(request: Request): Promise<Read<unknown>> {
  const { headers, body } = request
  if (!JSON_TYPE.test(headers.get('content-type') ?? '')) {
    await body?.cancel()
    return wrong(415, 'the body: expected Content-Type: application/json')
  }
  const chunks: Uint8Array[] = []
  let bytes = 0
  // Leaving the loop cancels the rest.
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) return tooLarge()
    chunks.push(chunk)
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })
    return { ok: true, value: JSON.parse(text.decode(await new Blob(chunks).arrayBuffer())) }
  } catch {
    return wrong(400, 'the body: it is not JSON in UTF-8')
  }
}

function tooLarge() {
  return wrong(413, `the body: it is larger than ${MAX_BODY_BYTES} bytes`)
}

/** @param whole what is wrong where no field of it is: `the body` */
export function checked<T>(
  schema: z.ZodType<T>,
  value: unknown,
  status: number,
  whole: string,
): Read<T> {
  const result = schema.safeParse(value)
  if (result.success) return { ok: true, value: result.data }
  const problems = result.error.issues
    .slice(0, MAX_PROBLEMS)
    .map(({ path, message }) => `${fieldName(path) || whole}: ${message}`)
  return wrong(status, problems.join('; '))
}

export function wrong(status: number, message: string): { ok: false; failure: ApiFailure } {
  return { ok: false, failure: { kind: 'InvalidRequest', message, status } }
}

/** @returns `undefined`, which no schema takes, for what is not JSON */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
