import { ConfigurationError } from '../refusal/configuration-error.ts'
import { ruleOf, type Algorithm } from './algorithms.ts'
import { checkJwk, type Jwk } from './checked-jwk.ts'
import { secretAsJwk } from './configured-key.ts'
import { decodePem } from './pem.ts'

/** A private key as RFC 7517 writes it. */
export interface PrivateJwk extends Jwk {
  readonly p?: string
  readonly q?: string
  readonly dp?: string
  readonly dq?: string
  readonly qi?: string
}

/**
 * The key for signing, after the checks that its other half has to pass at the verifier.
 *
 * @throws ConfigurationError that says what is wrong, without any of the key
 */
export async function importSigningKey(
  key: { readonly secret: string } | { readonly privateKey: string | PrivateJwk },
  algorithm: Algorithm,
): Promise<CryptoKey> {
  if ('secret' in key) return importChecked(secretAsJwk(key.secret), algorithm)
  const { privateKey } = key
  const jwk = typeof privateKey === 'string' ? await exportPem(privateKey, algorithm) : privateKey
  if (typeof jwk.d !== 'string') throw new ConfigurationError('it is not a private key')
  return importChecked(jwk, algorithm)
}

async function importChecked(
  { d, p, q, dp, dq, qi, use: _use, key_ops: _operations, ...half }: PrivateJwk,
  algorithm: Algorithm,
): Promise<CryptoKey> {
  const checked = checkJwk(half, [algorithm])
  if ('unusable' in checked) throw new ConfigurationError(checked.unusable)
  const parts = Object.entries({ d, p, q, dp, dq, qi }).filter(([, part]) => part !== undefined)
  const material = { ...checked.material, ...Object.fromEntries(parts) }
  try {
    const { importParams } = ruleOf(algorithm)
    return await crypto.subtle.importKey('jwk', material, importParams, false, ['sign'])
  } catch {
    throw new ConfigurationError('its numbers are not a key')
  }
}

async function exportPem(pem: string, algorithm: Algorithm): Promise<PrivateJwk> {
  const der = decodePem(pem, 'PRIVATE KEY')
  try {
    const { importParams } = ruleOf(algorithm)
    const key = await crypto.subtle.importKey('pkcs8', der, importParams, true, ['sign'])
    return (await crypto.subtle.exportKey('jwk', key)) as PrivateJwk
  } catch {
    throw new ConfigurationError(`it is not a key for ${algorithm}`)
  }
}
