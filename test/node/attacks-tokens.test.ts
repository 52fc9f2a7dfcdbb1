import { createPublicKey } from 'node:crypto'
import { base64url, CompactSign } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'
import { KID, PEM_ISSUER, serveAttackedGate } from '../support/serve-attacked-gate.ts'
import { serveWorker } from '../support/serve-worker.ts'

// Known attacks by way of the token, each end to end through a running Worker. What each guard
// refuses in detail is tested where the guard is.

let gate: Awaited<ReturnType<typeof serveAttackedGate>>

beforeAll(async () => {
  gate = await serveAttackedGate()
})

afterAll(() => gate.stop())

const encoder = new TextEncoder()
const now = () => Math.floor(Date.now() / 1000)

function validClaims(): Readonly<Record<string, unknown>> {
  return { iss: ISSUER, aud: AUDIENCE, sub: 'alice', iat: now(), exp: now() + 60 }
}

/** A payload as any text, well signed. */
async function signed(payload: string, header: Readonly<Record<string, unknown>> = {}) {
  const { crit } = { crit: [] as readonly string[], ...header }
  return new CompactSign(encoder.encode(payload))
    .setProtectedHeader({ alg: 'HS256', typ: 'JWT', ...header })
    .sign(encoder.encode(SECRET), { crit: Object.fromEntries(crit.map((name) => [name, true])) })
}

/** A number as JSON can write it, and JavaScript cannot. */
function withExp(exp: string): Promise<string> {
  return signed(JSON.stringify(validClaims()).replace(/\d+\}$/, `${exp}}`))
}

function verdicts(tokens: readonly string[]): Promise<readonly string[]> {
  return Promise.all(tokens.map((token) => gate.verdict(token)))
}

it('alg confusion: neither "none" nor the public key as a secret signs a token', async () => {
  const iss = PEM_ISSUER
  expect(await gate.verdict(await mintToken({ iss }, { key: gate.privateKey, alg: 'RS256' }))).toBe(
    'in',
  )
  const der = createPublicKey(gate.pem).export({ type: 'spki', format: 'der' })
  const jwk = JSON.stringify(createPublicKey(gate.pem).export({ format: 'jwk' }))
  const texts = [gate.pem, gate.pem.trim(), der.toString('base64'), jwk].map((text) =>
    encoder.encode(text),
  )
  const forged = [...texts, Uint8Array.from(der)].map((key) => mintToken({ iss }, { key }))
  expect(new Set(await verdicts(await Promise.all(forged)))).toEqual(new Set(['401 token_invalid']))

  const payload = base64url.encode(JSON.stringify({ ...validClaims(), iss }))
  const unsigned = ['none', 'None', 'nOnE', 'NONE', ''].flatMap((alg) => {
    const text = `${base64url.encode(JSON.stringify({ alg, typ: 'JWT' }))}.${payload}`
    return [`${text}.`, `${text}.AA`]
  })
  expect(new Set(await verdicts(unsigned))).toEqual(new Set(['401 token_invalid']))
})

it('alg confusion: a key without "alg" verifies RS256 and not what the token names', async () => {
  const { issuer: iss, privateKey: key } = gate.one
  const header = { kid: KID }
  expect(await gate.verdict(await mintToken({ iss }, { key, alg: 'RS256', header }))).toBe('in')
  const jwk = await crypto.subtle.exportKey('jwk', key)
  for (const [alg, name, hash] of [
    ['RS512', 'RSASSA-PKCS1-v1_5', 'SHA-512'],
    ['PS256', 'RSA-PSS', 'SHA-256'],
  ] as const) {
    const { kty, n, e, d, p, q, dp, dq, qi } = jwk
    const same = { kty, n, e, d, p, q, dp, dq, qi } as JsonWebKey
    const other = await crypto.subtle.importKey('jwk', same, { name, hash }, false, ['sign'])
    const token = await mintToken({ iss }, { key: other, alg, header })
    expect(await gate.verdict(token)).toBe('401 token_invalid')
  }
})

it('NumericDate: only a number of seconds in its range is a date', async () => {
  const far = now() + 3600
  const numbers = ['0', '-1', '1e999', String(far * 1000), '253402300800']
  const others = ['null', 'false', '""', `"${far}"`, '"abc"', '{}', `[${far}]`]
  expect(await gate.verdict(await withExp(String(far)))).toBe('in')
  const dates = [...numbers.filter((date) => date !== '0'), ...others].map(withExp)
  const missing = mintToken({ exp: undefined })
  const later = ['nbf', 'iat'].flatMap((name) =>
    [far, String(now()), null, {}, 1e20].map((date) => mintToken({ [name]: date })),
  )
  const refused = await verdicts(await Promise.all([...dates, missing, ...later]))
  expect(new Set(refused)).toEqual(new Set(['401 token_invalid']))
  expect(await verdicts([await withExp('0'), await withExp(String(now() - 6))])).toEqual([
    '401 token_expired',
    '401 token_expired',
  ])
})

it('array and null payloads: only an object has claims', async () => {
  const claims = JSON.stringify(validClaims())
  expect(await gate.verdict(await signed(claims))).toBe('in')
  const payloads = [`[${claims}]`, '[]', 'null', '"x"', JSON.stringify(claims), '5', 'true']
  const refused = await verdicts(await Promise.all(payloads.map((payload) => signed(payload))))
  expect(new Set(refused)).toEqual(new Set(['401 token_invalid']))
})

it('crit: what is critical is never ignored', async () => {
  const claims = JSON.stringify(validClaims())
  const headers = [
    { crit: ['exp'], exp: 1 },
    { crit: ['x'], x: 1 },
    { b64: true, crit: ['b64'] },
  ]
  const refused = await verdicts(await Promise.all(headers.map((header) => signed(claims, header))))
  expect(new Set(refused)).toEqual(new Set(['401 token_invalid']))
})

it('aud and iss mix-up: a token is for this gate, and by the issuer whose key signed it', async () => {
  const tokens = [
    ...[undefined, [], {}, [1], [AUDIENCE, 1], null, 'other', ['other'], ''].map((aud) =>
      mintToken({ aud }),
    ),
    ...[undefined, [ISSUER], 1, null, `${ISSUER}/`, ISSUER.toUpperCase()].map((iss) =>
      mintToken({ iss }),
    ),
    mintToken({ iss: gate.one.issuer }, mintedBy(gate.other)),
    mintToken({ iss: PEM_ISSUER }, mintedBy(gate.one)),
  ]
  expect(new Set(await verdicts(await Promise.all(tokens)))).toEqual(new Set(['401 token_invalid']))
  // The key of the same name is there, and is its own issuer's.
  expect(
    await gate.verdict(await mintToken({ iss: gate.other.issuer }, mintedBy(gate.other))),
  ).toBe('in')
})

it('empty HMAC key: a gate with a secret that is none lets nobody in', async () => {
  for (const secret of ['', 'short', '0123456789012345678901234567890']) {
    const worker = await serveWorker({
      entry: 'src/index.ts',
      vars: {
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        JWT_SECRET: secret,
        ROOMS: '{"chat":"CHAT_ROOM"}',
      },
      rooms: { CHAT_ROOM: 'ChatRoom' },
    })
    try {
      const token = await mintToken({}, { key: encoder.encode(secret.padEnd(32, '\0')) })
      const headers = { authorization: `Bearer ${token}` }
      const response = await fetch(`${worker.origin}/parties/chat/x`, { headers })
      expect(response.status).toBe(500)
      expect(await response.json()).toMatchObject({ code: 'gate_misconfigured' })
    } finally {
      await worker.stop()
    }
  }
})

it('verified-token cache mix-up: what was verified opens nothing to its neighbours', async () => {
  const token = await mintToken()
  expect(await verdicts([token, token])).toEqual(['in', 'in'])
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = alphabet.indexOf(token.at(-1) ?? '')
  // A 32-byte signature leaves two unused bits in its last character.
  const twins = [1, 2, 3].map((bits) => token.slice(0, -1) + (alphabet[last ^ bits] ?? ''))
  const neighbours = [...twins, `${token}=`, `${token}.`, `${token}.x`, token.slice(0, -1)]
  for (const verdict of await verdicts(neighbours)) expect(verdict).toMatch(/^401 token_/)
  expect(await gate.verdict(token)).toBe('in')
})

it('embedded jwk, jku, x5u, x5c: a token brings no key along and makes nobody fetch one', async () => {
  const trap = gate.addIssuer('trap')
  const { publicKey, privateKey } = await crypto.subtle.generateKey(
    { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256', modulusLength: 2048, publicExponent: E },
    true,
    ['sign', 'verify'],
  )
  const url = `${trap.issuer}/.well-known/jwks.json`
  const jwk = await crypto.subtle.exportKey('jwk', publicKey)
  const headers = [{ jwk }, { jku: url }, { x5u: url }, { x5c: ['MIIB'] }]
  for (const header of headers) {
    const { issuer: iss } = gate.one
    const own = mintToken({ iss }, { ...mintedBy(gate.one), header: { kid: KID, ...header } })
    expect(await gate.verdict(await own)).toBe('in')
    const forged = { key: privateKey, alg: 'RS256', header: { kid: KID, ...header } }
    expect(await gate.verdict(await mintToken({ iss }, forged))).toBe('401 token_invalid')
    expect(await gate.verdict(await mintToken({ iss: trap.issuer }, forged))).toBe(
      '401 token_invalid',
    )
  }
  expect(trap.fetches()).toBe(0)
})

it('DoS by token: what is too long is refused unread, and unknown keys make no flood', async () => {
  const dots = '.'.repeat(8193)
  const long = await mintToken({ padding: 'x'.repeat(6000) })
  expect(long.length).toBeGreaterThan(8192)
  expect(await verdicts([long, dots, 'a.'.repeat(5000)])).toEqual([
    '401 token_invalid',
    '401 token_malformed',
    '401 token_malformed',
  ])
  for (const lines of [
    [`Authorization: Bearer ${'.'.repeat(1_000_000)}`],
    [`Cookie: __session=${'x'.repeat(65_536)}`, 'Origin: https://app.example'],
    [`Cookie: ${'a=b; '.repeat(13_000)}__session=x`, 'Origin: https://app.example'],
  ]) {
    const { status } = await gate.send('/backends/closed/x', lines)
    expect([400, 401, 413, 431]).toContain(status)
  }
  const { issuer: iss } = gate.other
  expect(await gate.verdict(await mintToken({ iss }, mintedBy(gate.other)))).toBe('in')
  const [, ...rest] = (await mintToken({ iss }, mintedBy(gate.other))).split('.')
  const fetchesBefore = gate.other.fetches()
  for (let round = 0; round < 20; round++) {
    const tokens = Array.from({ length: 50 }, (_, index) => {
      const header = JSON.stringify({ alg: 'RS256', typ: 'JWT', kid: `random-${round}-${index}` })
      return [base64url.encode(header), ...rest].join('.')
    })
    expect(new Set(await verdicts(tokens))).toEqual(new Set(['401 token_invalid']))
  }
  expect(gate.other.fetches() - fetchesBefore).toBeLessThanOrEqual(1)
})

const E = Uint8Array.of(1, 0, 1)

function mintedBy({ privateKey }: { readonly privateKey: CryptoKey }) {
  return { key: privateKey, alg: 'RS256', header: { kid: KID } }
}
