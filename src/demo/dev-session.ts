import { z } from 'zod'
import { problemResponse } from '../refusal/response.ts'
import type { Portico, PorticoError } from '../server.ts'
import { readOrder } from './read-order.ts'

const order = z.strictObject({ sub: z.string().min(1).max(256) })

/** What the application knows of its people, beside who they are. */
const PEOPLE: ReadonlyMap<string, { readonly name: string; readonly color: string }> = new Map([
  ['alice', { name: 'Alice', color: '#0f7a67' }],
  ['bob', { name: 'Bob', color: '#b0521b' }],
])

const MAX_IDLE_SECONDS = 60

/**
 * Answers `POST /_portico/dev/session` as the server of an application would: it knows who asks, asks
 * the gate for a connection to the one whiteboard, and hands on the URL. The control key stays here.
 *
 * @param body `{"sub"}`
 */
export async function openDevelopmentSession(body: string, portico: Portico): Promise<Response> {
  const ordered = readOrder(body, order)
  if (!ordered.ok) return problemResponse(ordered.refusal)
  const { sub } = ordered.value
  const connected = await portico.connect({
    key: { name: 'demo-whiteboard' },
    spawn_config: { executable: { image: 'whiteboard' }, max_idle_seconds: MAX_IDLE_SECONDS },
    user: sub,
    auth: PEOPLE.get(sub) ?? { name: sub },
  })
  if (!connected.ok) return noSession(connected.error)
  const { url, backend_id, status_url } = connected.value
  const answer = { url, backend_id, status_url }
  return Response.json(answer, { headers: { 'cache-control': 'no-store' } })
}

function noSession({ kind, message, status }: PorticoError): Response {
  if (kind === 'InvalidRequest') {
    return problemResponse({ code: 'request_malformed', detail: message })
  }
  const detail =
    kind === 'SpawnerUnavailable'
      ? 'the spawner at SPAWNER_URL does not answer: start it again, and then try again'
      : message
  return problemResponse({ code: 'backend_unavailable', detail }, status)
}
