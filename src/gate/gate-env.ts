import type { Claims, Identity } from '../identity/identity.ts'
import type { Refusal } from '../refusal/refusal.ts'

/** What the gate leaves in Hono's `c.var`, for middleware that stands around it. */
export interface GateVariables<C = Claims> {
  /** Who was let through. */
  identity?: Identity<C>
  /** Why the request was refused. */
  refusal?: Refusal
}

export interface GateEnv<Env extends object = Cloudflare.Env, C = Claims> {
  Bindings: Env
  Variables: GateVariables<C>
}
