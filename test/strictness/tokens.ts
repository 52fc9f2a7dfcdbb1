import * as fc from 'fast-check'
import { AUDIENCE, hmacOf, publicTexts, type Signer } from './signers.ts'
import { changedText, textChanges, type TextChange } from './text-changes.ts'
import { NOW } from './verdicts.ts'

/** How a token is made: from one that is accepted, by any number of changes. */
export interface Recipe {
  /** Selects one of the signers. */
  readonly signer: number
  readonly header: Readonly<Record<string, unknown>>
  readonly claims: Readonly<Record<string, unknown>>
  /** What is done to the JSON text or its encoding before it is signed. */
  readonly quirks: readonly Quirk[]
  readonly signature: SignatureKind
  readonly changes: readonly TextChange[]
  /** Makes each token one of its own. */
  readonly nonce: number
}

interface Quirk {
  readonly segment: 'header' | 'payload'
  readonly kind: keyof typeof jsonQuirks | keyof typeof encodingQuirks
}

type SignatureKind = (typeof SIGNATURES)[number]

/** A member that `undefined` takes away. */
const absent = fc.constant(undefined)
const anything = fc.jsonValue({ maxDepth: 1 })

function changesOf(
  members: Readonly<Record<string, readonly unknown[]>>,
): fc.Arbitrary<Record<string, unknown>> {
  const changes = Object.entries(members).map(([name, values]) =>
    fc
      .oneof(
        { weight: 8, arbitrary: fc.constantFrom<unknown>(...values) },
        { weight: 1, arbitrary: absent },
        { weight: 1, arbitrary: anything },
      )
      .map((value): [string, unknown] => [name, value]),
  )
  const one = fc.oneof(...changes)
  return fc.array(one, { minLength: 1, maxLength: 2 }).map((all) => Object.fromEntries(all))
}

// prettier-ignore
const headerChanges = changesOf({
  alg: ['none', 'None', 'nOnE', '', 'HS256', 'HS384', 'RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'EdDSA', 'Ed25519', 'rs256', 'RSA1_5'],
  typ: ['JWT', 'jwt', 'application/jwt', 'application/JWT', 'at+jwt', 'secevent+jwt', 'JWT ', '', 'JOSE', 42],
  kid: ['the-RS256-key', 'the-PS256-key', 'the-ES256-key', 'the-EdDSA-key', 'unknown', '', 7, '../../dev/null'],
  crit: [['exp'], [], ['b64'], 'exp', ['alg']],
  b64: [true, false],
  jwk: [{ kty: 'oct', k: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' }],
  jku: ['https://evil.example/keys'],
  x5u: ['https://evil.example/certificate'],
  x5c: [['MIIB']],
  cty: ['JWT'],
  zip: ['DEF'],
  cat: ['cl_B7d4PD111AAA', 'cl_B7d4PD222AAA', 'cl_B7d4PD333AAA'],
})

// prettier-ignore
const dates = [
  NOW, NOW - 1, NOW + 1, NOW - 4, NOW - 5, NOW - 6, NOW + 4, NOW + 5, NOW + 6, NOW - 4.5, NOW + 5.5, NOW - 4.25, NOW + 5.25,
  0, -0, -1, 1, 0.5, NOW * 1000, 253_402_300_799, 253_402_300_800, 1e300, String(NOW + 60), '', null, true, [NOW + 60], {},
]

// prettier-ignore
const claimChanges = changesOf({
  iss: ['https://secret.example', 'https://keys.example', 'https://keys.example/', 'HTTPS://KEYS.EXAMPLE', ['https://keys.example'], 'https://evil.example', '', 1],
  sub: ['', 'bob', ['alice'], 1, 'a\r\nb', '\u0000'],
  aud: ['other', [AUDIENCE], ['other', AUDIENCE], [AUDIENCE, 1], [[AUDIENCE]], [], {}, '', 'PORTICO', `${AUDIENCE} `],
  exp: dates,
  nbf: dates,
  iat: dates,
  jti: ['1', 1, ['1']],
  sid: ['s', 2, {}],
  azp: ['https://app.example', 3],
  role: ['admin'],
  constructor: [{ prototype: {} }],
  toString: ['x'],
})

/** JSON that two parsers may read in two ways, or that is none. */
const jsonQuirks = {
  'byte order mark': (json: string) => `\uFEFF${json}`,
  'white space': (json: string) => ` \n${json.replace('{', '{\t')}\r\n`,
  'duplicate first': (json: string) => json.replace('{', '{"sub":"admin","alg":"none",'),
  'duplicate last': (json: string) => json.replace(/\}$/, ',"sub":"admin","alg":"none"}'),
  prototype: (json: string) => json.replace('{', '{"__proto__":{"aud":"portico","crit":["x"]},'),
  'escaped names': (json: string) => json.replaceAll('"exp"', String.raw`"\u0065xp"`),
  'lone surrogate': (json: string) => json.replace(/\}$/, String.raw`,"x":"\ud800"}`),
  'trailing comma': (json: string) => json.replace(/\}$/, ',}'),
  comment: (json: string) => json.replace('{', '{/**/'),
  'number too large': (json: string) => json.replace(/"exp":\d+/, '"exp":1e999'),
  'number with exponent': (json: string) => json.replace(/"exp":\d+/, '"exp":1.90000006e9'),
  array: (json: string) => `[${json}]`,
  null: () => 'null',
  string: (json: string) => JSON.stringify(json),
  number: () => '1',
  empty: () => '',
  deep: (json: string) => json.replace(/\}$/, `,"x":${'['.repeat(500)}${']'.repeat(500)}}`),
  long: (json: string) => json.replace(/\}$/, `,"x":"${'x'.repeat(6500)}"}`),
  'invalid UTF-8': (json: string) => json.replace(/\}$/, ',"x":"\uE000"}'),
}

/** Base64url that a lenient decoder reads as the same bytes. */
const encodingQuirks = {
  padding: (text: string) => `${text}=`,
  'whole padding': (text: string) => text + '='.repeat((4 - (text.length % 4)) % 4),
  'other alphabet': (text: string) => text.replaceAll('-', '+').replaceAll('_', '/'),
  'line end': (text: string) => `${text.slice(0, 8)}\n${text.slice(8)}`,
  blank: (text: string) => `${text} `,
  'unused bits': (text: string) => text.slice(0, -1) + nextCharacter(text.at(-1) ?? 'A'),
}

// prettier-ignore
const SIGNATURES = ['good', 'by another key', 'by public text', 'empty', 'zeros', 'shorter', 'longer', 'reversed', 'in DER', 'twin'] as const

const quirk = fc.record({
  segment: fc.constantFrom('header', 'payload', 'payload', 'payload'),
  kind: fc.constantFrom(
    ...(Object.keys(jsonQuirks) as (keyof typeof jsonQuirks)[]),
    ...(Object.keys(encodingQuirks) as (keyof typeof encodingQuirks)[]),
  ),
}) as fc.Arbitrary<Quirk>

/** Mostly nothing, so that each change is also met alone, and some tokens with none at all. */
function seldom<T>(percent: number, nothing: T, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof(
    { weight: 100 - percent, arbitrary: fc.constant(nothing) },
    { weight: percent, arbitrary },
  )
}

export const recipes: fc.Arbitrary<Recipe> = fc.record({
  // RSA signs a hundred times slower than it verifies, so its keys are drawn less often.
  signer: fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 3, 3, 3, 4, 4),
  header: seldom(35, {}, headerChanges),
  claims: seldom(50, {}, claimChanges),
  quirks: seldom(12, [], fc.array(quirk, { minLength: 1, maxLength: 2 })),
  signature: seldom<SignatureKind>(15, 'good', fc.constantFrom(...SIGNATURES)),
  changes: seldom(20, [], fc.array(textChanges, { minLength: 1, maxLength: 3 })),
  nonce: fc.nat(),
})

const CLAIMS = { sub: 'alice', aud: AUDIENCE, iat: NOW - 10, nbf: NOW - 10, exp: NOW + 60 }

/** Makes the token of a recipe. */
export async function tokenOf(recipe: Recipe, signers: readonly Signer[]): Promise<string> {
  const signer = signers[recipe.signer]
  if (signer === undefined) throw new Error('there is no such signer')
  const isPublicText = recipe.signature === 'by public text'
  const { alg, kid, issuer } = signer
  const header = { alg: isPublicText ? 'HS256' : alg, typ: 'JWT', kid, ...recipe.header }
  const claims = { iss: issuer, ...CLAIMS, nonce: recipe.nonce, ...recipe.claims }
  const text = `${encoded('header', header, recipe)}.${encoded('payload', claims, recipe)}`
  const token = `${text}.${await signatureOf(text, recipe, signer)}`
  return recipe.changes.reduce(changedText, token)
}

function encoded(segment: Quirk['segment'], value: object, { quirks }: Recipe): string {
  const kinds = quirks.flatMap((one) => (one.segment === segment ? [one.kind] : []))
  let json = JSON.stringify(value)
  for (const kind of kinds) if (isJsonQuirk(kind)) json = jsonQuirks[kind](json)
  let bytes = Buffer.from(json)
  // A character of three bytes, of which the middle one is taken out.
  const at = bytes.indexOf(Buffer.from('\uE000'))
  if (at !== -1) bytes = Buffer.concat([bytes.subarray(0, at + 1), bytes.subarray(at + 2)])
  let text = bytes.toString('base64url')
  for (const kind of kinds) if (!isJsonQuirk(kind)) text = encodingQuirks[kind](text)
  return text
}

function isJsonQuirk(kind: Quirk['kind']): kind is keyof typeof jsonQuirks {
  return kind in jsonQuirks
}

async function signatureOf(text: string, recipe: Recipe, signer: Signer): Promise<string> {
  const bytes = Uint8Array.from(Buffer.from(text))
  if (recipe.signature === 'empty') return ''
  if (recipe.signature === 'by another key') return base64url(await signer.forge(bytes))
  if (recipe.signature === 'by public text') {
    const secrets = publicTexts(signer)
    const [, secret] = secrets[text.length % secrets.length] ?? ['', 'nothing']
    return base64url(await (await hmacOf(secret))(bytes))
  }
  const good = await signer.sign(bytes)
  const altered: Readonly<Record<string, () => Uint8Array>> = {
    zeros: () => new Uint8Array(good.length),
    shorter: () => good.subarray(0, -1),
    longer: () => Uint8Array.from([...good, 0]),
    reversed: () => good.toReversed(),
    'in DER': () => Uint8Array.from([48, 68, 2, 32, ...good.subarray(0, 32), 2, 32, ...good]),
    twin: () => (signer.alg === 'ES256' ? ecdsaTwin(good) : good),
  }
  return base64url(altered[recipe.signature]?.() ?? good)
}

/** Both (r, s) and (r, n - s) are signatures of the same text. */
function ecdsaTwin(signature: Uint8Array): Uint8Array {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).toString('hex')}`)
  const twin = Buffer.from((order - s).toString(16).padStart(64, '0'), 'hex')
  return Uint8Array.from([...signature.subarray(0, 32), ...twin])
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

function nextCharacter(character: string): string {
  return ALPHABET[ALPHABET.indexOf(character) + 1] ?? character
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64url')
}
