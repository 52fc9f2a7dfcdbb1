import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Claims } from '../identity/identity.ts'
import type { Identified } from '../verify/claims.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkTexts } from '../verify/option-checks.ts'
import { checkId, checkPresetNames, textsIn, type PresetOptions } from './preset.ts'

export interface CognitoOptions extends PresetOptions {
  readonly region: string
  readonly userPoolId: string
  /** One or several app clients. */
  readonly clientId: string | readonly string[]
  /** Default `access`: an ID token is for the client that asked for it, not for a gate. */
  readonly tokenUse?: 'access' | 'id'
}

/** Tokens of a Cognito user pool. */
export function cognito(options: CognitoOptions): JwtIssuerOptions {
  checkPresetNames(options, { region: true, userPoolId: true, clientId: true, tokenUse: true })
  const { region, userPoolId, clientId, tokenUse = 'access', ...common } = options
  const clients = checkTexts('clientId', clientId)
  if (tokenUse !== 'access' && tokenUse !== 'id') {
    throw new ConfigurationError('tokenUse: expected access or id')
  }
  const host = `cognito-idp.${checkId('region', region)}.amazonaws.com`
  return {
    ...common,
    issuer: `https://${host}/${checkId('userPoolId', userPoolId)}`,
    algorithms: ['RS256'],
    identify,
    // An access token names its client and has no audience; an ID token has it as audience.
    ...(tokenUse === 'access'
      ? { requiredClaims: { token_use: 'access', client_id: clients } }
      : { requiredClaims: { token_use: 'id' }, audience: clients }),
  }
}

function identify(claims: Claims): Identified {
  return {
    // Tokens of a client itself belong to no user.
    username: claims['username'] ?? claims['cognito:username'] ?? claims['sub'],
    // What all tokens have in common that one refresh token brought.
    session: claims['origin_jti'],
    roles: textsIn(claims['cognito:groups']),
  }
}
