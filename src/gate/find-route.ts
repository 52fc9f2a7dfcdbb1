import { ok, type Result } from '../refusal/refusal.ts'
import { destinationOf, type Destination } from '../route/destination.ts'
import { checkUrl, type RawUrl } from '../route/path.ts'
import type { BackendGuard, Gate, Guard, RoomGuard } from './gate.ts'

/** Where a request goes and how that place is guarded. */
export type Route<Env, C> =
  | (Destination & { readonly kind: 'room'; readonly guard: RoomGuard<Env, C> })
  | (Destination & { readonly kind: 'backend'; readonly guard: BackendGuard<Env, C> })
  | { readonly kind: 'nowhere'; readonly asked: Destination; readonly guard: Guard<never> }

/** What was asked for, whether it exists or not. */
export function destinationOfRoute<Env, C>(route: Route<Env, C>): Destination {
  return route.kind === 'nowhere' ? route.asked : route
}

/**
 * A place that does not exist is guarded like one that does, so that strangers cannot list the names.
 *
 * @param backendHost the backend that the host names, where the path does not say it
 */
export function findRoute<Env, C>(
  gate: Gate<Env, C>,
  url: RawUrl,
  backendHost?: string,
): Result<Route<Env, C> | undefined> {
  const path = checkUrl(url)
  if (!path.ok) return path
  const destination =
    backendHost === undefined
      ? destinationOf(path.value, gate.roomPrefix)
      : ok({ kind: 'backend', backend: backendHost, prefix: '', rest: path.value } as const)
  if (!destination.ok) return destination
  const to = destination.value
  if (to === undefined) return ok(undefined)
  if (to.kind === 'room') {
    const guard = gate.rooms.get(to.party)
    if (guard !== undefined) return ok({ ...to, guard })
  } else {
    const guard = gate.backends.get(to.backend)
    if (guard !== undefined) return ok({ ...to, guard })
  }
  return ok({ kind: 'nowhere', asked: to, guard: gate.elsewhere })
}
