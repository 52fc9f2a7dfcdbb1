import { notServed } from '../connection/admit.ts'
import type { Grant } from '../connection/connections.ts'
import type { Outgoing } from '../forward/outgoing.ts'
import { forwardToBackend } from '../forward/to-backend.ts'
import { forwardToRoom } from '../forward/to-room.ts'
import { askWhileWaiting, type Welcome } from '../forward/while-open.ts'
import type { Result } from '../refusal/refusal.ts'
import type { BackendAddress } from '../store/backend-plan.ts'
import type { Gate, Visit } from './gate.ts'

/** What of the gate a request meets that was granted a backend; none of its guards and hooks. */
export interface GrantedGate extends Pick<Gate<never, never>, 'roomPrefix' | 'refusedUpgrades'> {
  readonly rooms: ReadonlyMap<string, { readonly namespace: DurableObjectNamespace }>
  /** The service bindings that may be backends, by name. */
  readonly connected: { readonly services: ReadonlyMap<string, Fetcher> } | undefined
  /** Cookies that hold credentials of the gate's own: no session backend may have them. */
  readonly credentialCookies: readonly string[]
}

/** @param welcome asked about a backend that may idle out, for as long as it has not answered */
export function sendGranted(
  gate: GrantedGate,
  { address, maxIdleSeconds }: Grant,
  outgoing: Outgoing,
  context: Visit<unknown>['context'],
  welcome: Welcome,
): Result<Response> | Promise<Result<Response>> {
  const answering = send(gate, address, outgoing, context)
  return maxIdleSeconds === undefined ? answering : askWhileWaiting(answering, welcome)
}

function send(
  { rooms, connected }: GrantedGate,
  address: BackendAddress,
  outgoing: Outgoing,
  context: Visit<unknown>['context'],
): Result<Response> | Promise<Result<Response>> {
  if (address.kind === 'origin') return forwardToBackend(address, outgoing, context.fetch)
  if (address.kind === 'service') {
    const service = connected?.services.get(address.service)
    if (service === undefined) return NO_LONGER_SERVED
    return forwardToBackend({ kind: 'service', service }, outgoing, context.fetch)
  }
  const guard = rooms.get(address.party)
  if (guard === undefined) return NO_LONGER_SERVED
  return forwardToRoom(guard.namespace, address.room, outgoing, context.sleep)
}

const NO_LONGER_SERVED = { ok: false, refusal: notServed } as const
