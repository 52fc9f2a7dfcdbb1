import type { CarrierOptions } from '../carry/carriers.ts'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { SessionServiceOptions } from '../verify/session-service-options.ts'
import { sessionService } from '../verify/session-service.ts'
import { sharedSecret } from '../verify/shared-secret.ts'
import type { Verifier } from '../verify/verifier.ts'
import { camelCase, named, snakeCase } from './option-name.ts'
import type { Settings } from './settings.ts'

/**
 * The verifiers beside the issuers of JWTs, in the order in which they are asked: a shared secret
 * must not go to the session service.
 */
export function otherVerifiers(settings: Settings): readonly Verifier[] {
  const { SHARED_SECRET: secrets, SESSION_SERVICE_URL: url, SESSION_SERVICE } = settings
  if (url === undefined && SESSION_SERVICE !== undefined) {
    throw new ConfigurationError('SESSION_SERVICE_URL: it is missing, but SESSION_SERVICE is set')
  }
  return [
    ...(secrets === undefined ? [] : [named(() => sharedSecret({ secrets }), ofSharedSecret)]),
    ...(url === undefined
      ? []
      : [named(() => sessionService(sessionOptions(url, settings)), ofSessionService)]),
  ]
}

/** The cookie that the session service wants is the one that browsers bring. */
export function sessionCarriers({ SESSION_SERVICE }: Settings): CarrierOptions | undefined {
  const cookie = SESSION_SERVICE?.cookie
  return cookie === undefined ? undefined : { cookie }
}

/** Without more settings, the service gets the token as a bearer token. */
function sessionOptions(
  url: string,
  { SESSION_SERVICE = { form: 'identity' } }: Settings,
): SessionServiceOptions {
  const options = Object.entries(SESSION_SERVICE).map(([name, value]) => [camelCase(name), value])
  return { ...Object.fromEntries(options), url } as SessionServiceOptions
}

function ofSharedSecret(): string {
  return 'SHARED_SECRET'
}

function ofSessionService(option: string): string {
  return option === 'url' ? 'SESSION_SERVICE_URL' : `SESSION_SERVICE.${snakeCase(option)}`
}
