import { TokenRefusedError } from '../verify/verify-token.ts'
import { logFailure } from '../refusal/log-failure.ts'
import { refuse, type Refusal } from '../refusal/refusal.ts'
import { lendRequest } from './lent-request.ts'
import type { Hook } from './lobby.ts'

/** What the hooks decided. */
export type HookOutcome =
  | { readonly kind: 'go_on'; readonly request: Request }
  | { readonly kind: 'answered'; readonly response: Response }
  | { readonly kind: 'refused'; readonly refusal: Refusal }

/**
 * Runs the hooks in turn, each on what the one before it made of the request.
 *
 * @param mustApprove refuse on `undefined`: nobody but the hook has looked at this caller
 */
export async function runHooks<L>(
  hooks: readonly Hook<L>[],
  request: Request,
  lobby: L,
  mustApprove: boolean,
): Promise<HookOutcome> {
  // A party with a hook for sockets only: nobody looks at its other requests.
  if (mustApprove && hooks.length === 0) return notLetThrough()
  let current = request
  for (const hook of hooks) {
    const outcome = await runHook(hook, current, lobby, mustApprove)
    if (outcome.kind !== 'go_on') return outcome
    current = outcome.request
  }
  return { kind: 'go_on', request: current }
}

async function runHook<L>(
  hook: Hook<L>,
  request: Request,
  lobby: L,
  mustApprove: boolean,
): Promise<HookOutcome> {
  const { lent, takeBack } = lendRequest(request)
  let returned: unknown
  try {
    returned = await hook(lent, lobby)
  } catch (error) {
    if (error instanceof TokenRefusedError) return { kind: 'refused', refusal: error.refusal }
    // Only the kind of error: its message is the application's and may quote a token.
    logFailure('a hook threw', error)
    return refused(refuse('hook_failed', 'the hook failed'))
  }
  if (returned instanceof Response) return { kind: 'answered', response: returned }
  const isApproval = returned instanceof Request || (returned === undefined && !mustApprove)
  if (!isApproval) return notLetThrough()
  const next = takeBack(returned instanceof Request ? returned : lent)
  if (next === undefined) {
    console.error('portico: a hook returned a request of its own whose body it had read')
    return refused(refuse('hook_failed', 'the hook failed'))
  }
  return { kind: 'go_on', request: next }
}

function notLetThrough(): HookOutcome {
  return refused(refuse('hook_refused', 'the hook did not let this request through'))
}

function refused({ refusal }: { refusal: Refusal }): HookOutcome {
  return { kind: 'refused', refusal }
}
