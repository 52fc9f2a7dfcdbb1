import { ok, refuse, type Result } from '../refusal/refusal.ts'

/** Refuses what no destination gets, whoever asks. */
export function checkRequest({ method, body }: Request, isUpgrade: boolean): Result<undefined> {
  if (isUpgrade && (method !== 'GET' || body !== null)) {
    return refuse('request_malformed', 'a WebSocket upgrade must be a GET without a body')
  }
  // Its answer is the request as it came, with all that only the backend may see (RFC 9110, 9.3.8).
  if (method === 'TRACE') return refuse('request_malformed', 'TRACE is not forwarded')
  return ok(undefined)
}
