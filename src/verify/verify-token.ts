import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Refusal, RefusalCode } from '../refusal/refusal.ts'
import type { JwtClaims } from './claims.ts'
import { jwt } from './jwt.ts'
import type { JwtIssuerOptions } from './jwt-options.ts'
import { verifyWithFirst, type Verifier } from './verifier.ts'

/** Thrown by `verifyToken`. A hook may let it through: the gate answers with its code. */
export class TokenRefusedError extends Error {
  override readonly name = 'TokenRefusedError'
  readonly code: RefusalCode
  readonly refusal: Refusal

  constructor(refusal: Refusal) {
    super(refusal.detail)
    this.code = refusal.code
    this.refusal = refusal
  }
}

const MAX_VERIFIERS = 64
// One verifier per distinct options, so that calls share its keys instead of fetching them each time.
const verifiers = new Map<string, Verifier>()

/**
 * Verifies a JWT inside a hook, as strictly as the gate does.
 *
 * @returns the claims
 * @throws TokenRefusedError with the code of the refusal
 * @throws ConfigurationError that names the option which is wrong
 */
export async function verifyToken<C = JwtClaims>(
  token: string,
  options: JwtIssuerOptions,
): Promise<C> {
  const verifier = verifierFor(options)
  // `searchParams.get()` and the like give null, which is a caller's fault and not the hook's.
  if (typeof token !== 'string') {
    throw new TokenRefusedError({ code: 'credential_missing', detail: 'there is no token' })
  }
  const result = await verifyWithFirst([verifier], token, {
    now: Date.now,
    fetch: (input, init) => fetch(input, init),
    sleep: (milliseconds) => scheduler.wait(milliseconds),
  })
  if (!result.ok) {
    const { code, detail } = result.refusal
    if (code === 'gate_misconfigured') throw new ConfigurationError(detail)
    throw new TokenRefusedError(result.refusal)
  }
  return result.value.claims as C
}

function verifierFor(options: JwtIssuerOptions): Verifier {
  const key = cacheKey(options)
  const known = verifiers.get(key)
  if (known !== undefined) return known
  const verifier = jwt(options)
  const [oldest] = verifiers.keys()
  if (verifiers.size >= MAX_VERIFIERS && oldest !== undefined) verifiers.delete(oldest)
  verifiers.set(key, verifier)
  return verifier
}

/** Functions count as themselves: two that read the same may close over different things. */
function cacheKey(options: JwtIssuerOptions): string {
  return JSON.stringify(options, (_, value: unknown) => {
    if (typeof value !== 'function') return value
    const id = functionIds.get(value) ?? (functionCount += 1)
    functionIds.set(value, id)
    return { function: id }
  })
}

const functionIds = new WeakMap<object, number>()
let functionCount = 0
