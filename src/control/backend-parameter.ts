import type { Context } from 'hono'
import { noSuchBackend, type Read } from './api-error.ts'
import { backendName } from './names.ts'

/** The backend that the path names. One that none can have is not asked for: that costs an object call. */
export function backendOf(c: Context): Read<string> {
  const name = backendName.safeParse(c.req.param('backend'))
  return name.success ? { ok: true, value: name.data } : { ok: false, failure: noSuchBackend }
}
