import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeJwt, exportJWK, exportPKCS8, exportSPKI, generateKeyPair, type JWK } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { TOKEN_KEYS } from '../support/connection-keys.ts'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'
import { serveConnections, type ConnectionGate } from '../support/serve-connections.ts'
import { porticoShell, type PorticoShell } from '../support/portico-shell.ts'
import { keySet, startKeySetServer } from '../support/key-set-server.ts'

const [TOKEN_KEY] = TOKEN_KEYS
const OTHER_KEY = 'another-key-of-more-than-thirty-two-characters'
const NOW = Math.floor(Date.now() / 1000)
const ASKED = `--issuer ${ISSUER} --audience ${AUDIENCE}`

let gate: ConnectionGate
let shell: PorticoShell
let publicJwk: JWK

beforeAll(async () => {
  gate = await serveConnections()
  shell = await porticoShell({ JWT_SECRET: SECRET, TOKEN_KEY })
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  publicJwk = { ...(await exportJWK(publicKey)), alg: 'ES256', kid: 'k1' }
  const privateJwk = { ...(await exportJWK(privateKey)), alg: 'ES256', kid: 'k1' }
  const files = {
    'public.pem': await exportSPKI(publicKey),
    'public.json': JSON.stringify(publicJwk),
    'private.pem': await exportPKCS8(privateKey),
    'private.json': JSON.stringify(privateJwk),
    'nothing.txt': 'nothing',
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(shell.folder, name), text)
})
afterAll(async () => {
  await gate.stop()
  await shell.remove()
})

async function verdictOf(token: string, options = '', env = {}) {
  const finished = await shell.run(`portico token check - --json ${options}`, env, `${token}\n`)
  expect(finished.stderr).toBe('')
  expect(finished.stdout).not.toContain(token)
  return { exitCode: finished.code, ...(JSON.parse(finished.stdout) as object) }
}

it('mints a token with all the claims that it is told', async () => {
  const line =
    `portico token mint --sub alice ${ASKED} --audience other --ttl 15m --kid k7 --json ` +
    `--claim 'role="writer"' --claim 'teams=["a","b"]' --claim 'level=3' --claim 'a.b={"c":null}' --claim toString=1`
  const { code, stdout, stderr } = await shell.run(line)
  expect([code, stderr]).toEqual([0, ''])
  const { token, expires_at } = JSON.parse(stdout) as { token: string; expires_at: string }
  const claims = decodeJwt(token)
  expect(claims).toEqual({
    iss: ISSUER,
    aud: [AUDIENCE, 'other'],
    sub: 'alice',
    iat: expect.any(Number),
    exp: Number(claims.iat) + 900,
    role: 'writer',
    teams: ['a', 'b'],
    level: 3,
    'a.b': { c: null },
    toString: 1,
  })
  expect(Math.abs(Date.parse(expires_at) / 1000 - Number(claims.exp))).toBeLessThanOrEqual(1)
})

it('prints nothing but the token, and takes issuer and audience from the environment', async () => {
  const env = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE }
  const line = 'portico token mint --sub alice | portico token check - --json'
  const { code, stdout, stderr } = await shell.run(line, env)
  expect([code, stderr]).toEqual([0, ''])
  expect(JSON.parse(stdout)).toMatchObject({ kind: 'jwt', valid: true, issuer: ISSUER })
})

it.for([
  ['--key-file private.pem --algorithm ES256', '--public-key public.json'],
  ['--key-file private.json', '--public-key public.pem'],
  ['--algorithm HS512', '--algorithm HS512'],
] as const)('mints with %s what it finds good with %s', async ([minted, checked]) => {
  const JWT_SECRET = 'x'.repeat(64)
  const line = `portico token mint --sub alice ${ASKED} ${minted}`
  const { stdout, stderr } = await shell.run(line, { JWT_SECRET })
  expect(stderr).toBe('')
  expect(await verdictOf(stdout.trim(), `${ASKED} ${checked}`, { JWT_SECRET })).toMatchObject({
    exitCode: 0,
    valid: true,
    subject: 'alice',
  })
})

it('checks with the keys that an issuer publishes', async () => {
  const server = await startKeySetServer()
  const { issuer } = server.addIssuer('published', keySet([publicJwk]))
  try {
    const { stdout } = await shell.run(
      `portico token mint --sub a ${ASKED} --key-file private.json`,
    )
    const options = `${ASKED} --jwks-url ${issuer}/.well-known/jwks.json`
    expect(await verdictOf(stdout.trim(), options)).toMatchObject({ exitCode: 0, valid: true })
  } finally {
    await server.stop()
  }
})

it('tells people what a JWT says', async () => {
  const token = await mintToken({ name: 'Zoë\u001b[2J' })
  const { code, stdout } = await shell.run(`portico token check - ${ASKED}`, {}, token)
  expect(code).toBe(0)
  expect(stdout).toMatch(
    /^kind {5}JWT\nverdict {2}good\nissuer {3}\S+\nsubject {2}alice\nexpires {2}\S+Z \(in \d+s\)\nclaims {3}\{.*Zoë\\u001b\[2J.*\}\n$/,
  )
})

it.for<[name: string, token: () => Promise<string>, options: string, code: string]>([
  ['has expired', () => mintToken({ exp: NOW - 60 }), ASKED, 'token_expired'],
  ['is for others', () => mintToken({ aud: 'others' }), ASKED, 'token_invalid'],
  [
    'names an audience, and none is expected',
    () => mintToken(),
    `--issuer ${ISSUER}`,
    'token_invalid',
  ],
  ['is of another issuer', () => mintToken({ iss: 'https://x.example' }), ASKED, 'token_invalid'],
  [
    'is signed with another secret',
    () => mintToken({}, { key: new TextEncoder().encode('x'.repeat(40)) }),
    ASKED,
    'token_invalid',
  ],
  [
    'is signed with a secret where a public key is expected',
    () => mintToken(),
    `${ASKED} --public-key public.pem`,
    'token_invalid',
  ],
])('refuses a JWT that %s', async ([, token, options, code]) => {
  expect(await verdictOf(await token(), options)).toEqual({
    exitCode: 1,
    kind: 'jwt',
    valid: false,
    code,
    detail: expect.any(String),
  })
})

it('knows the tokens of a gate by their tag', async () => {
  const { token, token_id, expires_at } = await gate.connect()
  const fixed = await gate.connect({}, { use_static_token: true })
  const good = { exitCode: 0, valid: true }
  const tokens = [
    [token, { ...good, kind: 'connection', token_id, expires_at }],
    [fixed.token, { ...good, kind: 'static', token_id: fixed.token_id, expires_at: null }],
  ] as const
  for (const [text, verdict] of tokens) {
    expect(await verdictOf(text)).toEqual(verdict)
    const rotated = { TOKEN_KEY: OTHER_KEY, TOKEN_KEY_PREVIOUS: TOKEN_KEY }
    expect(await verdictOf(text, '', rotated)).toEqual(verdict)
    const { stdout } = await shell.run(`portico token check ${text}`)
    expect(stdout).toMatch(/^kind {6}\w+ token\nverdict {3}good\ntoken id {2}tk-\S+\nexpires {3}\S/)
  }
})

it.for<[name: string, change: (token: string) => string, key: string, code: string]>([
  ['of another gate', (token) => token, OTHER_KEY, 'token_invalid'],
  ['with another tag', withAnotherEnd, TOKEN_KEY, 'token_invalid'],
  ['that is called static', (token) => `s.${token}`, TOKEN_KEY, 'token_malformed'],
])('refuses a token %s', async ([, change, key, code]) => {
  const { token } = await gate.connect()
  const text = change(token)
  const kind = text === `s.${token}` ? 'static' : 'connection'
  const answer = await verdictOf(text, '', { TOKEN_KEY: key })
  expect(answer).toEqual({ exitCode: 1, kind, valid: false, code, detail: expect.any(String) })
})

it('refuses a token that has expired, from then on', async () => {
  const { token } = await gate.connect({ expires_in_seconds: 1 })
  const verdicts: unknown[] = []
  // Each takes a while; the first may still be in time.
  for (let round = 0; round < 100; round++) {
    const verdict = await verdictOf(token)
    verdicts.push(verdict)
    if (verdict.exitCode === 1) break
  }
  expect(verdicts.at(-1)).toMatchObject({ valid: false, code: 'token_expired' })
})

it.for([
  ['nothing', ''],
  ['a word', 'hello'],
])('says of %s that it is no token', async ([, text]) => {
  const { code, stdout } = await shell.run('portico token check -', {}, text)
  expect(code).toBe(1)
  expect(stdout).toMatch(/^kind {5}nothing that is known\nverdict {2}refused \(token_malformed\)\n/)
})

it('reads no more than a token can be long', async () => {
  const line = 'yes | head -c 20000000 | portico token check - || echo ${PIPESTATUS[1]}'
  const { stdout } = await shell.run(line)
  // Who writes to it could not go on: SIGPIPE.
  expect(stdout).toMatch(/refused \(token_malformed\)\n[^]*\n141\n$/)
})

it.for<[line: string, env: Readonly<Record<string, string>>, said: string]>([
  ['token mint --sub a', {}, '--issuer: '],
  ['token mint --sub "" --issuer i', {}, '--sub: '],
  ['token mint --issuer i', {}, "required option '--sub <subject>' not specified"],
  ['token mint --sub a --issuer i', { JWT_SECRET: '' }, 'There is no key to sign with.'],
  ['token mint --sub a --issuer i', { JWT_SECRET: 'short-secret' }, 'JWT_SECRET: '],
  ['token mint --sub a --issuer i --ttl 0', {}, '--ttl: '],
  ['token mint --sub a --issuer i --ttl soon', {}, "'soon' is invalid. Expected a time such as"],
  ['token mint --sub a --issuer i --claim role=writer', {}, '--claim role: expected JSON'],
  ['token mint --sub a --issuer i --claim role', {}, '--claim: expected name=json'],
  ['token mint --sub a --issuer i --claim a=1 --claim a=2', {}, '--claim: a is given twice'],
  ['token mint --sub a --issuer i --audience ""', {}, '--audience: '],
  ['token mint --sub a --issuer ""', { JWT_ISSUER: ISSUER }, '--issuer: '],
  ['token mint --sub a --issuer i --claim sub=1', {}, '--claim: sub has an option of its own'],
  ['token mint --sub a --issuer i --key-file none', {}, '--key-file: none cannot be read'],
  ['token mint --sub a --issuer i --key-file nothing.txt', {}, '--key-file: nothing.txt cannot'],
  ['token mint --sub a --issuer i --key-file private.pem', {}, '--algorithm: '],
  ['token mint --sub a --issuer i --key-file public.json', {}, '--key-file: '],
  ['token check a.b.c', {}, '--issuer is missing'],
  ['token check a.b.c --issuer i', { JWT_SECRET: '' }, 'There is no key to verify the JWT with.'],
  ['token check a.b.c --issuer i', { JWT_SECRET: 'short-secret' }, 'JWT_SECRET: '],
  ['token check a.b.c --issuer i --public-key none', {}, '--public-key: none cannot be read'],
  ['token check a.b.c --issuer i --jwks-url ftp://x', {}, '--jwks-url: '],
  ['token check a.b.c --issuer i --algorithm none', {}, '--algorithm: '],
  ['token check a.b.c --issuer i --jwks-url u --public-key k', {}, 'only one of them'],
  [`token check ${'A'.repeat(72)}`, { TOKEN_KEY: '' }, 'TOKEN_KEY is not set.'],
])('exits with 2, and says why: %s', async ([line, env, said]) => {
  const { code, stdout, stderr } = await shell.run(`portico ${line}`, env)
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toContain(said)
  expect(stderr).not.toContain('short-secret')
})

/** With another last bit that counts. */
function withAnotherEnd(token: string): string {
  return token.slice(0, -1) + (token.endsWith('A') ? 'E' : 'A')
}
