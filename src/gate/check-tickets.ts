import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Subject } from '../store/subject.ts'
import { ticketsOf, type Tickets } from '../ticket/tickets.ts'
import { checkSeconds } from '../verify/option-checks.ts'
import { checkNamespace, checkTokenKeys } from './option-values.ts'
import type { TicketOptions } from './options.ts'

const DEFAULT_TTL_SECONDS = 15
const MAX_TTL_SECONDS = 60

/**
 * @returns what makes the tickets once the binding is there
 * @throws ConfigurationError that names the option which is wrong, in both steps
 */
export function checkTickets<Env extends object>(
  options: TicketOptions<Env>,
  hasVerifier: boolean,
): (env: Env) => Tickets {
  if (!hasVerifier) throw new ConfigurationError('tickets: without a verifier nobody can get one')
  const keys = checkTokenKeys('tickets.key', options.key)
  const ttlSeconds = checkSeconds(
    'tickets.ttlSeconds',
    options.ttlSeconds ?? DEFAULT_TTL_SECONDS,
    MAX_TTL_SECONDS,
    1,
  )
  return (env) => {
    const subjects = checkNamespace<DurableObjectNamespace<Subject>>(
      'tickets.subjects',
      options.subjects,
      env,
    )
    return ticketsOf(subjects, keys, ttlSeconds)
  }
}
