import type { Context } from 'hono'
import { SPAWNER_REPORTS_PATH } from '../control/spawner-reports.ts'
import { problemResponse } from '../refusal/response.ts'
import type { Tickets } from '../ticket/tickets.ts'
import { preflightResponse, withCors } from './cors.ts'
import type { Gate } from './gate.ts'
import type { GateEnv } from './gate-env.ts'
import { platformOf } from './platform.ts'
import { safely } from './safely.ts'
import { issueTicket, TICKETS_PATH } from './ticket-endpoint.ts'

/** First segments under which the gate answers for itself. */
const OWN = /^\/(_portico|ctrl|pub|v1|v2|service|auth)(?:\/|$)/

const DESCRIPTIONS: ReadonlySet<string> = new Set(['/_portico/openapi.json', '/_portico/api'])

/**
 * What the gate answers for itself: control, tickets, reports, health.
 *
 * @returns `undefined` for every other path, and for what the options do not ask for
 */
export function answerEndpoint<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
): Promise<Response> | Response | undefined {
  const { path, method, raw } = c.req
  const [, first] = OWN.exec(path) ?? []
  if (first === undefined) return undefined
  const { connected } = gate
  if (first === 'ctrl' || first === 'pub') return connected?.control.fetch(raw)
  if (first === 'auth' && path !== '/auth') return undefined
  if (first !== '_portico') return connected?.jamsocket?.fetch(raw)
  if (path === TICKETS_PATH) return answerTickets(gate, c)
  if (DESCRIPTIONS.has(path)) return connected?.control.fetch(raw)
  if (path === SPAWNER_REPORTS_PATH && method === 'POST') return connected?.spawnerReports?.(raw)
  const isHealth = path === '/_portico/health' && (method === 'GET' || method === 'HEAD')
  return isHealth ? c.json({ status: 'ok' }) : undefined
}

/** @returns `undefined` where there are no tickets, and for an OPTIONS that is no preflight */
function answerTickets<Env extends object, C>(
  gate: Gate<Env, C>,
  c: Context<GateEnv<Env, C>>,
): Promise<Response> | Response | undefined {
  const { tickets } = gate
  const request = c.req.raw
  if (tickets === undefined) return undefined
  if (request.method === 'POST') return postTicket(gate, tickets, c)
  if (request.method !== 'OPTIONS') return undefined
  const preflight = preflightResponse(gate.cors, request)
  return preflight && withCors(gate.cors, request, preflight)
}

async function postTicket<Env extends object, C>(
  gate: Gate<Env, C>,
  tickets: Tickets,
  c: Context<GateEnv<Env, C>>,
): Promise<Response> {
  const request = c.req.raw
  const visit = { request, env: c.env, context: platformOf(c) }
  const issued = await safely(() => issueTicket(gate, tickets, visit))
  if (!issued.ok) {
    c.set('refusal', issued.refusal)
    return withCors(gate.cors, request, problemResponse(issued.refusal))
  }
  c.set('identity', issued.value.identity)
  return withCors(gate.cors, request, issued.value.response)
}
