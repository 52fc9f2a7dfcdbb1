import { setTimeout } from 'node:timers/promises'
import { ConfigurationError } from '../refusal/configuration-error.ts'
import type { Algorithm } from '../verify/algorithms.ts'
import type { JwtKeyOptions } from '../verify/issuer-keys.ts'
import { jwt } from '../verify/jwt.ts'
import { verifyWithFirst } from '../verify/verifier.ts'
import { isoTime, notChecked, type Checked, type NotChecked } from './checked-token.ts'
import { readKeyFile } from './key-file.ts'
import { inOptions } from './option-names.ts'
import type { Shell } from './shell.ts'

export interface JwtOptions {
  readonly issuer?: string
  readonly audience?: readonly string[]
  readonly publicKey?: string
  readonly jwksUrl?: string
  readonly algorithm?: readonly string[]
}

/** What the verifier calls what is an option or a setting here. */
const OPTION_OF = {
  secret: 'JWT_SECRET',
  publicKey: '--public-key',
  jwksUrl: '--jwks-url',
  algorithms: '--algorithm',
  issuer: '--issuer',
  audience: '--audience',
} as const

/** As strictly as the gate verifies the JWTs of an issuer. */
export async function checkJwt(token: string, options: JwtOptions, shell: Shell): Promise<Checked> {
  const { JWT_ISSUER, JWT_AUDIENCE } = shell.env
  const issuer = options.issuer ?? JWT_ISSUER
  if (!issuer) return notChecked('--issuer is missing: who should have signed the JWT?')
  const keys = await keysOf(options, shell.env['JWT_SECRET'])
  if ('failure' in keys) return keys
  const audience = options.audience ?? (JWT_AUDIENCE ? [JWT_AUDIENCE] : undefined)
  const { algorithm } = options
  try {
    const verifier = jwt({
      issuer,
      ...keys,
      ...(audience !== undefined && { audience }),
      ...(algorithm !== undefined && { algorithms: algorithm as readonly Algorithm[] }),
    })
    const verified = await verifyWithFirst([verifier], token, {
      now: shell.now,
      fetch: (input, init) => fetch(input, init),
      sleep: (milliseconds) => setTimeout(milliseconds),
    })
    if (!verified.ok) {
      const { code, detail } = verified.refusal
      return code === 'gate_misconfigured' ? notChecked(inOptions(detail, OPTION_OF)) : verified
    }
    const { subject, expiresAt, claims } = verified.value
    return { ok: true, value: { issuer, subject, expires_at: isoTime(expiresAt), claims } }
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error
    return notChecked(inOptions(error.message, OPTION_OF))
  }
}

async function keysOf(
  { publicKey, jwksUrl }: JwtOptions,
  secret: string | undefined,
): Promise<JwtKeyOptions | NotChecked> {
  if (publicKey !== undefined && jwksUrl !== undefined) {
    return notChecked('--public-key and --jwks-url: only one of them can be given')
  }
  if (jwksUrl !== undefined) return { jwksUrl }
  if (publicKey !== undefined) {
    const key = await readKeyFile(publicKey)
    if (key !== undefined) return { publicKey: key }
    return notChecked(`--public-key: ${publicKey} cannot be read as a PEM or a JWK`)
  }
  return secret
    ? { secret }
    : notChecked(
        'There is no key to verify the JWT with.',
        'Give --public-key or --jwks-url, or set JWT_SECRET.',
      )
}
