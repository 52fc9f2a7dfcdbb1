import { constants, createHmac, createPublicKey, verify } from 'node:crypto'
import { AUDIENCE, SECRET, type Signer } from './signers.ts'
import { CLOCK_SKEW_SECONDS, NOW } from './verdicts.ts'

/**
 * What RFC 8725 would not have accepted in a token, by a reader that shares no code with the gate:
 * Node's own base64, JSON and cryptography, and the rules as the RFC numbers them.
 */
export function brokenRules(token: string, signers: readonly Signer[]): readonly string[] {
  const [headerText = '', payloadText = '', signatureText = '', ...more] = token.split('.')
  const header = readObject(headerText)
  const claims = readObject(payloadText)
  const signer = signers.find(
    ({ alg, issuer }) => alg === header['alg'] && issuer === claims['iss'],
  )
  const signed = Buffer.from(`${headerText}.${payloadText}`)
  const signature = Buffer.from(signatureText, 'base64url')
  const { aud, sub, exp, nbf, iat } = claims
  const rules: Readonly<Record<string, boolean>> = {
    '3.1 the algorithm is the one of a key of this issuer': signer !== undefined,
    '3.2 and 3.3 the signature is good':
      signer !== undefined && isSignedBy(signer, signed, signature),
    '3.7 it is three segments of UTF-8 in base64url, in one spelling only':
      more.length === 0 &&
      [headerText, payloadText, signatureText].every((text) => text !== '' && isCanonical(text)) &&
      [headerText, payloadText].every(isUtf8),
    '3.8 the subject is a text': typeof sub === 'string' && sub !== '',
    '3.8 the key is the one that the token names':
      header['kid'] === undefined || signer?.jwk === undefined || signer.kid === header['kid'],
    '3.9 the audience is this one': [aud].flat().includes(AUDIENCE),
    '3.10 nothing is critical that is not understood': !('crit' in header),
    '3.11 and 3.12 its type is that of these tokens':
      header['typ'] === undefined ||
      /^"(?:application\/)?jwt"$/i.test(JSON.stringify(header['typ'])),
    'RFC 7519, 4.1.4 it has not expired':
      typeof exp === 'number' && Number.isFinite(exp) && exp > NOW - CLOCK_SKEW_SECONDS,
    'RFC 7519, 4.1.5 it is valid already': isPast(nbf),
    'RFC 7519, 4.1.6 it was issued already': isPast(iat),
  }
  return Object.keys(rules).filter((rule) => rules[rule] !== true)
}

function isPast(date: unknown): boolean {
  return date === undefined || (typeof date === 'number' && date <= NOW + CLOCK_SKEW_SECONDS)
}

function isSignedBy({ alg, pem }: Signer, signed: Buffer, signature: Buffer): boolean {
  const verifiers: Readonly<Record<Signer['alg'], () => boolean>> = {
    HS256: () => createHmac('sha256', SECRET).update(signed).digest().equals(signature),
    RS256: () => verify('sha256', signed, pem, signature),
    PS256: () =>
      verify(
        'sha256',
        signed,
        { key: pem, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 },
        signature,
      ),
    ES256: () => verify('sha256', signed, { key: pem, dsaEncoding: 'ieee-p1363' }, signature),
    EdDSA: () => verify(undefined, signed, createPublicKey(pem), signature),
  }
  return verifiers[alg]()
}

export function isCanonical(text: string): boolean {
  return Buffer.from(text, 'base64url').toString('base64url') === text
}

function isUtf8(text: string): boolean {
  const bytes = Buffer.from(text, 'base64url')
  return Buffer.from(bytes.toString()).equals(bytes)
}

/** As leniently as can be; what is no object has no members. */
export function readObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(textOf(text).replace(/^\uFEFF/, ''))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

export function textOf(text: string): string {
  return Buffer.from(text, 'base64url').toString()
}
