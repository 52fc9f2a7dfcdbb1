import { ConfigurationError } from '../refusal/configuration-error.ts'
import { refuse } from '../refusal/refusal.ts'
import { checkText } from './option-checks.ts'
import { checkAnswerRules, checkPath, identityFromAnswer, isObject } from './session-answer.ts'
import type { SessionForm } from './session-form.ts'
import type { IdentityServiceOptions } from './session-service-options.ts'

/**
 * A session endpoint as web frameworks have it: a GET with the token, answered by whose it is. Some
 * say 200 to nobody as well, with `null` or with an empty object.
 */
export function identityService(options: IdentityServiceOptions): SessionForm {
  const cookie = options.cookie === undefined ? undefined : checkCookieName(options.cookie)
  const expiresPath = checkPath('expiresClaim', options.expiresClaim ?? 'expires')
  const rules = checkAnswerRules(options, expiresPath)
  return {
    noStatuses: [401, 403, 404],
    requestFor: (token) => ({
      headers: {
        accept: 'application/json',
        ...(cookie === undefined
          ? { authorization: `Bearer ${token}` }
          : { cookie: `${cookie}=${token}` }),
      },
    }),
    read(answer, nowSeconds) {
      const isNobody = answer === null || (isObject(answer) && Object.keys(answer).length === 0)
      if (isNobody) return refuse('token_invalid', 'nobody has a session with this token')
      if (!isObject(answer)) throw new TypeError('the answer is no identity')
      return identityFromAnswer(answer, rules, nowSeconds)
    },
  }
}

/** A name as RFC 6265 has it: anything else would add a cookie to the request, or a header. */
function checkCookieName(name: unknown): string {
  const text = checkText('cookie', name)
  if (/^[!#$%&'*+\-.^`|~\w]+$/.test(text)) return text
  throw new ConfigurationError('cookie: it is not the name of a cookie')
}
