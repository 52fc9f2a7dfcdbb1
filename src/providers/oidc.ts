import type { JwtIssuerOptions } from '../verify/jwt-options.ts'
import { checkText, checkTexts } from '../verify/option-checks.ts'
import { checkPresetNames, type PresetOptions } from './preset.ts'

export interface OidcOptions
  extends PresetOptions, Pick<JwtIssuerOptions, 'algorithms' | 'types' | 'requiredClaims'> {
  /** Exactly the `iss` of its tokens, and what stands before `/.well-known/openid-configuration`. */
  readonly issuer: string
  readonly audience: string | readonly string[]
}

/** Tokens of any OpenID provider; its keys are found by its discovery document. */
export function oidc(options: OidcOptions): JwtIssuerOptions {
  const own = { issuer: true, audience: true, algorithms: true, types: true, requiredClaims: true }
  checkPresetNames(options, own as Readonly<Record<string, true>>)
  return {
    ...options,
    issuer: checkText('issuer', options.issuer),
    audience: checkTexts('audience', options.audience),
    types: options.types ?? ['JWT', 'at+jwt'],
    discover: true,
  }
}
