import { ConfigurationError } from '../refusal/configuration-error.ts'
import { fromBinary } from './base64url.ts'

const PEM = /^\s*-----BEGIN ([A-Z0-9 ]+)-----([A-Za-z0-9+/=\s]+)-----END \1-----\s*$/

/**
 * The DER of a PEM with this label.
 *
 * @throws ConfigurationError that says what it is instead
 */
export function decodePem(
  pem: string,
  expected: 'PUBLIC KEY' | 'PRIVATE KEY',
): Uint8Array<ArrayBuffer> {
  // A setting on one line has its line ends written as `\n`.
  const [, label, body = ''] = PEM.exec(pem.replaceAll('\\n', '\n')) ?? []
  if (label === undefined) throw new ConfigurationError('it is not a PEM')
  if (label !== expected) {
    throw new ConfigurationError(`it is a "${label}" PEM; a "${expected}" PEM is needed`)
  }
  try {
    return fromBinary(atob(body.replace(/\s/g, '')))
  } catch {
    throw new ConfigurationError('it is not a PEM')
  }
}
