import type { Claims, Identity } from '../identity/identity.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import { refuse, type Result } from '../refusal/refusal.ts'
import { MAX_TOKEN_CHARACTERS } from './compact-jws.ts'
import { identityService } from './identity-service.ts'
import { introspection } from './introspection.ts'
import { readJson } from './limited-body.ts'
import { checkNames, checkSeconds, checkServiceUrl, checkText } from './option-checks.ts'
import type { SessionForm } from './session-form.ts'
import type { SessionServiceOptions } from './session-service-options.ts'
import { createVerdicts, type Verdict } from './session-verdicts.ts'
import type { Verifier, VerifyContext } from './verifier.ts'

const COMMON = {
  form: true,
  url: true,
  prefix: true,
  pattern: true,
  jwts: true,
  cacheSeconds: true,
  timeoutMs: true,
  issuer: true,
  subjectClaim: true,
  userClaim: true,
  sessionClaim: true,
  forwardClaims: true,
  lifetimeSeconds: true,
} as const

const OPTIONS = {
  introspection: { ...COMMON, audience: true, clientId: true, clientSecret: true, bearer: true },
  identity: { ...COMMON, cookie: true, expiresClaim: true },
} as const

const MAX_BYTES = 64 * 1024
const MAX_CACHE_SECONDS = 300
const MAX_TIMEOUT_MS = 30_000

/**
 * Verifies opaque tokens by asking the service that issued them. That it cannot be asked is a
 * refusal of its own, `verifier_unavailable`: neither a no nor a yes.
 *
 * @throws ConfigurationError that names the option which is wrong
 */
export function sessionService<C = Claims>(options: SessionServiceOptions): Verifier<C> {
  const form = formOf(options)
  const url = checkServiceUrl('url', options.url)
  const isOwn = recogniser(options)
  const timeoutMs = checkTimeout(options.timeoutMs ?? 5000)
  const cacheSeconds = checkSeconds('cacheSeconds', options.cacheSeconds ?? 30, MAX_CACHE_SECONDS)
  const verdictOn = createVerdicts(cacheSeconds * 1000, timeoutMs + 1000)

  return async (token, context) => {
    if (!isOwn(token)) return undefined
    const ask = () => askService(url, form, timeoutMs, token, context)
    return (await verdictOn(token, ask, context)) as Result<Identity<C>>
  }
}

function formOf(options: SessionServiceOptions): SessionForm {
  if (!Object.hasOwn(OPTIONS, options.form)) {
    throw new ConfigurationError('form: expected introspection or identity')
  }
  checkNames(options, OPTIONS[options.form])
  return options.form === 'introspection' ? introspection(options) : identityService(options)
}

/** What a cookie's value may hold (RFC 6265): anything else would add a cookie to the request. */
const OPAQUE = /^[!#-+\--:<-[\]-~]+$/

function recogniser({ prefix, pattern, jwts = false }: SessionServiceOptions) {
  const start = prefix === undefined ? '' : checkText('prefix', prefix)
  if (pattern !== undefined && !(pattern instanceof RegExp))
    throw new ConfigurationError('pattern: expected a regular expression')
  // Of the whole token, and without the flags that would make it remember where it stopped.
  const form = pattern && new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''))
  if (typeof jwts !== 'boolean') throw new ConfigurationError('jwts: expected true or false')
  return (token: string): boolean =>
    token.length <= MAX_TOKEN_CHARACTERS &&
    token.startsWith(start) &&
    OPAQUE.test(token) &&
    // The tokens of other issuers are none of the service's business.
    (jwts || token.split('.', 4).length !== 3) &&
    (form?.test(token) ?? true)
}

function checkTimeout(timeoutMs: unknown): number {
  const isTime = typeof timeoutMs === 'number' && Number.isInteger(timeoutMs)
  if (isTime && timeoutMs > 0 && timeoutMs <= MAX_TIMEOUT_MS) return timeoutMs
  throw new ConfigurationError(`timeoutMs: expected whole milliseconds from 1 to ${MAX_TIMEOUT_MS}`)
}

async function askService(
  url: string,
  form: SessionForm,
  timeoutMs: number,
  token: string,
  context: VerifyContext,
): Promise<Verdict> {
  let status: number | undefined
  try {
    const response = await context.fetch(url, {
      ...form.requestFor(token),
      // A redirect would take the token to wherever it points, and a cache would answer for others.
      redirect: 'manual',
      cache: 'no-store',
      signal: AbortSignal.timeout(timeoutMs),
    })
    ;({ status } = response)
    if (status === 200) {
      const text = JSON.stringify(await readJson(response, MAX_BYTES))
      const result = form.read(JSON.parse(text, withoutText(token)), context.now() / 1000)
      return { result, characters: text.length }
    }
    await response.body?.cancel()
    if (form.noStatuses.includes(status)) {
      return { result: refuse('token_invalid', 'nobody has this token'), characters: 0 }
    }
  } catch {
    // Its message may hold what the service said, and that may hold the token.
  }
  console.error(`portico: the session service gave no usable answer (${status ?? 'none at all'})`)
  const detail = 'the session service cannot be asked right now'
  return { result: refuse('verifier_unavailable', detail), characters: 0 }
}

/** Services commonly tell the token back, which is not for rooms and backends to see. */
function withoutText(token: string) {
  return (name: string, member: unknown): unknown =>
    name.includes(token) || (typeof member === 'string' && member.includes(token))
      ? undefined
      : member
}
