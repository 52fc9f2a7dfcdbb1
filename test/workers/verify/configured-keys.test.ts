import { exportJWK, exportPKCS8, exportSPKI, generateKeyPair } from 'jose'
import { describe, expect, it } from 'vitest'
import { ConfigurationError } from '../../../src/refusal/configuration-error.ts'
import { refusalRules } from '../../../src/refusal/refusal.ts'
import { jwt } from '../../../src/verify/jwt.ts'
import type { Verifier } from '../../../src/verify/verifier.ts'
import { ISSUER, mintToken } from '../../support/mint-token.ts'
import { NOW, verdictOf } from './verdict.ts'

const rsa = generateKeyPair('RS256', { extractable: true })
const ec = generateKeyPair('ES256', { extractable: true })
const ed = generateKeyPair('EdDSA', { extractable: true })
const p384 = generateKeyPair('ES384', { extractable: true })

const coordinate = 'A'.repeat(42) + 'E'
// What a generator refuses to make: SPKI of RSA-1024 with a modulus of ones.
const smallPem = pemText(
  'PUBLIC KEY',
  btoa(
    String.fromCharCode(
      ...[0x30, 0x81, 0x9f, 0x30, 0x0d, 0x06, 0x09],
      ...[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00],
      ...[0x03, 0x81, 0x8d, 0x00, 0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00],
      ...Array.from({ length: 128 }, () => 0xff),
      ...[0x02, 0x03, 0x01, 0x00, 0x01],
    ),
  ),
)

describe('a key that is weak or not meant for verifying', () => {
  it.for<[reason: RegExp, name: string, key: () => Promise<unknown>]>([
    [/private/, 'a private RSA JWK', async () => exportJWK((await rsa).privateKey)],
    [/private/, 'a private EC JWK', async () => exportJWK((await ec).privateKey)],
    [/private/, 'a private Ed25519 JWK', async () => exportJWK((await ed).privateKey)],
    [/"PRIVATE KEY"/, 'a private PEM', async () => exportPKCS8((await rsa).privateKey)],
    [/"CERTIFICATE"/, 'a certificate', async () => relabelled('CERTIFICATE')],
    [/"RSA PUBLIC KEY"/, 'a PKCS #1 PEM', async () => relabelled('RSA PUBLIC KEY')],
    [/not a PEM/, 'a PEM cut short', async () => (await pem()).slice(0, -10)],
    [/not a PEM/, 'a PEM with text after it', async () => `${await pem()}x`],
    [/algorithm is unknown/, 'a PEM of something else', async () => pemOf('AAAAAAAA')],
    [/not a PEM/, 'a PEM that is no base64', async () => pemOf('AAAAA')],
    [/exponent/, 'an RSA key with e = 1', async () => rsaWith({ e: 'AQ' })],
    [/exponent/, 'an RSA key with e = 3', async () => rsaWith({ e: 'Aw' })],
    [/exponent/, 'an RSA key with a padded e', async () => rsaWith({ e: 'AAEAAQ' })],
    [/modulus/, 'an RSA key of 512 bits', async () => rsaWith({ n: modulus(64) })],
    [/modulus/, 'an RSA key of 1024 bits', async () => rsaWith({ n: modulus(128) })],
    [/modulus/, 'an RSA key of 2047 bits', async () => rsaWith({ n: modulus(256, 0x7f) })],
    [/modulus/, 'zeros before 1024 bits', async () => rsaWith({ n: modulus(128, 0x80, 128) })],
    [/modulus/, 'an RSA key of 8192 bits', async () => rsaWith({ n: modulus(1024) })],
    [/modulus/, 'an RSA key with padding', async () => rsaWith({ n: `${modulus(256)}==` })],
    [/modulus/, 'an RSA key without modulus', async () => rsaWith({ n: undefined })],
    [/use/, 'a key for encryption', async () => rsaWith({ use: 'enc' })],
    [/key_ops/, 'key_ops for encryption', async () => rsaWith({ key_ops: ['encrypt'] })],
    [/key_ops/, 'key_ops of nothing', async () => rsaWith({ key_ops: [] })],
    [/not a JWK/, 'key_ops as text', async () => rsaWith({ key_ops: 'verify' })],
    [/algorithm/, 'an RSA key for HS256', async () => rsaWith({ alg: 'HS256' })],
    [/algorithm/, 'an RSA key for none', async () => rsaWith({ alg: 'none' })],
    [/algorithm/, 'an RSA key for RSA-OAEP', async () => rsaWith({ alg: 'RSA-OAEP' })],
    [/algorithm/, 'an RSA key for ES256', async () => rsaWith({ alg: 'ES256' })],
    [/algorithm/, 'an EC key for ES384', async () => ecWith({ alg: 'ES384' })],
    [/algorithm/, 'an EC key without curve', async () => ecWith({ crv: undefined })],
    [/algorithm/, 'an EC key on secp256k1', async () => ecWith({ crv: 'secp256k1' })],
    [/coordinates/, 'an EC key under another curve', async () => ecWith({ crv: 'P-384' })],
    [/coordinates/, 'an EC key without y', async () => ecWith({ y: undefined })],
    [/coordinates/, 'an EC key with padding', async () => ecWith({ x: `${(await jwkOf(ec)).x}=` })],
    [/coordinates/, 'an EC key with a zero in front', async () => ecWith({ x: `AA${coordinate}` })],
    [/coordinates/, 'an Ed25519 key cut short', async () => edWith({ x: 'AAAA' })],
    [/algorithm/, 'an X25519 key', async () => edWith({ crv: 'X25519' })],
    [/algorithm/, 'an Ed448 key', async () => edWith({ crv: 'Ed448' })],
    [/secret|algorithm/, 'a symmetric key', async () => ({ kty: 'oct', k: coordinate })],
    [/not a JWK/, 'a JWK without kty', async () => rsaWith({ kty: undefined })],
    [/not a JWK/, 'a JWK with a number', async () => rsaWith({ n: 65537 })],
    [/not a JWK/, 'an array', async () => [[]]],
    [/not a JWK/, 'a key set', async () => ({ keys: [await jwkOf(rsa)] })],
  ])('%s: refuses %s at the start', async ([reason, , key]) => {
    expect(refusalOf(await key())).toMatch(reason)
    expect(refusalOf(await key())).toMatch(/^publicKey: /)
  })

  it.for<[name: string, key: () => Promise<unknown>]>([
    ['an EC key whose point is on no curve', async () => ecWith({ x: coordinate, y: coordinate })],
    ['a PEM cut short within', async () => pemOf((await body()).slice(0, 40))],
    ['a PEM of an RSA key of 1024 bits', async () => smallPem],
  ])('what shows only on import refuses each token as misconfigured: %s', async ([, key]) => {
    const token = await mintToken({ iat: NOW, exp: NOW + 60 }, await signerFor(await key()))
    const verifier = verifierBy(await key())
    expect(await verdictOf(verifier, token)).toBe('gate_misconfigured')
    expect(refusalRules.gate_misconfigured.status).toBe(500)
  })

  it('accepts a PEM whose line ends are written out, as a setting on one line has them', async () => {
    const oneLine = (await pem()).replaceAll('\n', '\\n')
    const verifier = verifierBy(oneLine)
    const claims = { aud: undefined, iat: NOW, exp: NOW + 60 }
    const token = await mintToken(claims, { key: (await rsa).privateKey, alg: 'RS256' })
    expect(await verdictOf(verifier, token)).toBe('ok')
  })

  it('is no key of another curve: P-384 signs for P-384 only', async () => {
    const verifier = verifierBy(await jwkOf(p384))
    const claims = { aud: undefined, iat: NOW, exp: NOW + 60 }
    const good = await mintToken(claims, { key: (await p384).privateKey, alg: 'ES384' })
    const other = await mintToken(claims, { key: (await ec).privateKey, alg: 'ES256' })
    expect(await verdictOf(verifier, good)).toBe('ok')
    expect(await verdictOf(verifier, other)).toBe('token_invalid')
  })
})

function verifierBy(publicKey: unknown): Verifier {
  return jwt({ issuer: ISSUER, publicKey } as Parameters<typeof jwt>[0]) as Verifier
}

/** Why a key is refused before any token comes. */
function refusalOf(publicKey: unknown): string {
  try {
    verifierBy(publicKey)
  } catch (error) {
    if (error instanceof ConfigurationError) return error.message
    throw error
  }
  return 'accepted'
}

async function jwkOf(pair: typeof rsa) {
  return exportJWK((await pair).publicKey)
}

async function rsaWith(members: object): Promise<unknown> {
  return { ...(await jwkOf(rsa)), ...members }
}

async function ecWith(members: object): Promise<unknown> {
  return { ...(await jwkOf(ec)), ...members }
}

async function edWith(members: object): Promise<unknown> {
  return { ...(await jwkOf(ed)), ...members }
}

async function pem(): Promise<string> {
  return exportSPKI((await rsa).publicKey)
}

async function body(): Promise<string> {
  return (await pem()).replace(/-----.*?-----|\s/g, '')
}

async function relabelled(label: string): Promise<string> {
  return pemText(label, await body())
}

function pemOf(text: string): string {
  return pemText('PUBLIC KEY', text)
}

async function signerFor(key: unknown) {
  const isRsa = typeof key === 'string'
  const { privateKey } = await (isRsa ? rsa : ec)
  return { key: privateKey, alg: isRsa ? 'RS256' : 'ES256' }
}

function pemText(label: string, base64: string): string {
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`
}

/** @param zeros bytes of zero in front, which add to the text but not to the number */
function modulus(bytes: number, first = 0x80, zeros = 0): string {
  const number = [...Array.from({ length: zeros }, () => 0), first]
  const rest = Array.from({ length: bytes - 1 }, () => 0xff)
  return btoa(String.fromCharCode(...number, ...rest))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
