import type { Context } from 'hono'
import type { Visit } from './gate.ts'

const platform = {
  now: Date.now,
  fetch: (input: RequestInfo | URL, init?: RequestInit) => fetch(input, init),
  sleep: (milliseconds: number) => scheduler.wait(milliseconds),
}

/** What the platform gives for one request. */
export function platformOf(c: Context): Visit<unknown>['context'] {
  return { ...platform, waitUntil: (work) => waitUntil(c, work) }
}

/** `app.request()` of a test brings no execution context; there the work runs on by itself. */
function waitUntil(c: Context, work: Promise<unknown>): void {
  try {
    c.executionCtx.waitUntil(work)
  } catch {
    work.catch(() => undefined)
  }
}
