import type { Hono } from 'hono'
import { logFailure } from '../refusal/log-failure.ts'
import { errorResponse, type ApiFailure } from './api-error.ts'

const nothingHere: ApiFailure = { kind: 'NotFound', message: 'There is nothing at this path' }
const wrongMethod: ApiFailure = {
  kind: 'InvalidRequest',
  message: 'This path has another method',
  status: 405,
}

/**
 * Answers what none of an API's routes answers, once all of them stand.
 *
 * @param what the API, as its failures are logged
 * @param allowed the methods of each path, as `Allow` says them
 */
export function refuseTheRest(app: Hono, what: string, allowed: ReadonlyMap<string, string>): void {
  for (const [path, allow] of allowed) app.all(path, () => errorResponse(wrongMethod, { allow }))
  app.notFound(() => errorResponse(nothingHere))
  app.onError((error) => {
    logFailure(`${what} threw`, error)
    return errorResponse({ kind: 'Other', message: 'Internal error.' })
  })
}
