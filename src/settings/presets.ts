import { DEFAULT_CARRIERS, type CarrierOptions } from '../carry/carriers.ts'
import { auth0 } from '../providers/auth0.ts'
import { betterAuth } from '../providers/better-auth.ts'
import { clerkCarriers } from '../providers/clerk-publishable-key.ts'
import { clerk } from '../providers/clerk.ts'
import { cloudflareAccess, cloudflareAccessCarriers } from '../providers/cloudflare-access.ts'
import { cognito } from '../providers/cognito.ts'
import { firebase } from '../providers/firebase.ts'
import { keycloak } from '../providers/keycloak.ts'
import { oidc } from '../providers/oidc.ts'
import { supabase } from '../providers/supabase.ts'
import { workos } from '../providers/workos.ts'
import type { JwtIssuerOptions } from '../verify/jwt-options.ts'

const presets = {
  auth0,
  better_auth: betterAuth,
  clerk,
  cloudflare_access: cloudflareAccess,
  cognito,
  firebase,
  keycloak,
  oidc,
  supabase,
  workos,
}

export type PresetName = keyof typeof presets

export const presetNames = Object.keys(presets) as [PresetName, ...PresetName[]]

/** An issuer of the setting that names its preset; its other fields are the preset's own. */
export interface PresetIssuer {
  readonly preset: PresetName
  readonly [field: string]: unknown
}

/** @throws ConfigurationError that names the option which is wrong */
export function presetIssuer(preset: PresetName, options: object): JwtIssuerOptions {
  // A preset checks what it is given itself, for JavaScript as for JSON.
  return (presets[preset] as (options: object) => JwtIssuerOptions)(options)
}

/**
 * Where the presets' tokens come from, beside the other carriers.
 *
 * @param cookie the cookie that was chosen otherwise
 */
export function presetCarriers(
  issuers: readonly PresetIssuer[],
  cookie: CarrierOptions['cookie'] = DEFAULT_CARRIERS.cookie,
): CarrierOptions {
  const all = issuers.map(carriersOf)
  const cookies = [...all, { cookie }].flatMap((carriers) => carriers.cookie ?? [])
  const names = cookies.flatMap((name) => (name === false ? [] : [name].flat()))
  const dropped = all.flatMap(({ dropCookies = [] }) => dropCookies)
  return all.reduce((merged, carriers) => ({ ...carriers, ...merged }), {
    cookie: [...new Set(names)],
    dropCookies: [...new Set(dropped)],
  })
}

function carriersOf({ preset, publishable_key: key }: PresetIssuer): CarrierOptions {
  if (preset === 'cloudflare_access') return cloudflareAccessCarriers
  if (preset === 'clerk' && typeof key === 'string') return clerkCarriers(key)
  return {}
}
