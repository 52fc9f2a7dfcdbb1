import { ConfigurationError } from '../refusal/configuration-error.ts'
import { refuse } from '../refusal/refusal.ts'
import { isAudience } from './claims.ts'
import { checkText, checkTexts } from './option-checks.ts'
import { checkAnswerRules, identityFromAnswer, isObject } from './session-answer.ts'
import type { SessionForm } from './session-form.ts'
import type { IntrospectionOptions } from './session-service-options.ts'

/**
 * Token introspection (RFC 7662). Its 401 is about the gate's own credentials (section 2.3), so that
 * no status means "no".
 */
export function introspection(options: IntrospectionOptions): SessionForm {
  const authorization = authorizationOf(options)
  const audiences = options.audience === undefined ? [] : checkTexts('audience', options.audience)
  const rules = checkAnswerRules(options, ['exp'])
  return {
    noStatuses: [],
    requestFor: (token) => ({
      method: 'POST',
      headers: { accept: 'application/json', authorization },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }),
    }),
    read(answer, nowSeconds) {
      if (!isObject(answer) || typeof answer['active'] !== 'boolean') {
        throw new TypeError('the answer is no introspection response')
      }
      if (!answer['active']) return refuse('token_invalid', 'the token is not active')
      if (!isAudience(answer['aud'], audiences)) {
        return refuse('token_invalid', 'the token\'s "aud" is missing or not accepted')
      }
      return identityFromAnswer(answer, rules, nowSeconds)
    },
  }
}

function authorizationOf({ bearer, clientId, clientSecret }: IntrospectionOptions): string {
  if (bearer !== undefined && clientId === undefined && clientSecret === undefined) {
    return `Bearer ${checkToken68(bearer)}`
  }
  if (bearer !== undefined || clientId === undefined || clientSecret === undefined) {
    throw new ConfigurationError('clientId, clientSecret: give both of them, or else bearer')
  }
  const parts = [checkText('clientId', clientId), checkText('clientSecret', clientSecret)]
  return `Basic ${btoa(parts.map(formEncode).join(':'))}`
}

/** RFC 6749, section 2.3.1: what is joined by the colon is form-encoded before. */
function formEncode(text: string): string {
  return new URLSearchParams([['', text]]).toString().slice(1)
}

function checkToken68(bearer: string): string {
  if (/^[A-Za-z0-9\-._~+/]+=*$/.test(checkText('bearer', bearer))) return bearer
  throw new ConfigurationError('bearer: it holds characters that no bearer token has')
}
