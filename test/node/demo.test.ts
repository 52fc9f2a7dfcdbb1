import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'
import { rawRequest } from '../support/raw-request.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

const DEVELOPMENT_KEY = 'a-development-key-of-more-than-32-bytes'
const REAL_ISSUER = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWT_SECRET: SECRET }
const TOKEN_PATH = '/_portico/dev/token'

let development: ServedWorker
let deployed: ServedWorker
let shown: ServedWorker

beforeAll(async () => {
  development = await serve({ DEVELOPMENT_KEY })
  deployed = await serve(REAL_ISSUER)
  shown = await serve({ ...REAL_ISSUER, DEMO: 'true' })
})

afterAll(async () => {
  await Promise.all([development, deployed, shown].map((worker) => worker?.stop()))
})

it('mints a token that opens the room, which is told who holds it', async () => {
  const { status, token, expires_at } = await order({ sub: 'alice', claims: { role: 'admin' } })
  expect(status).toBe(200)
  const claims = decodeJwt(token)
  expect(claims).toMatchObject({ sub: 'alice', role: 'admin' })
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3600)
  expect(Date.parse(expires_at) / 1000).toBe(claims.exp)

  const response = await fetch(`${development.origin}/party/a%2Fb`, {
    headers: { authorization: `Bearer ${token}`, 'x-verified-username': 'mallory' },
  })
  expect(await response.json()).toEqual({
    room: 'a/b',
    headers: {
      'x-verified-issuer': claims.iss,
      'x-verified-subject': 'alice',
      'x-verified-user-data': '{"role":"admin"}',
      'x-verified-username': 'alice',
    },
  })
})

it('shows the room to nobody without a token', async () => {
  const response = await fetch(`${development.origin}/party/lobby`)
  expect(response.status).toBe(401)
  expect(await response.json()).toMatchObject({ code: 'credential_missing' })
})

it.for([1, 86_400])('mints a token that lives %i seconds', async (seconds) => {
  const { iat = 0, exp = 0 } = decodeJwt((await order({ sub: 'a', ttl_seconds: seconds })).token)
  expect(exp - iat).toBe(seconds)
})

it('keeps claims from changing whose token it is, or how long it lives', async () => {
  const claims = { iss: 'https://other.example', aud: 'other', sub: 'bob', iat: 1, exp: 9e9 }
  const { token } = await order({ sub: 'alice', claims, ttl_seconds: 60 })
  const minted = decodeJwt(token)
  const plain = decodeJwt((await order({ sub: 'alice' })).token)
  expect(minted).toMatchObject({ sub: 'alice', iss: plain.iss, aud: plain.aud })
  expect(minted.exp).toBe((minted.iat ?? 0) + 60)
  expect(minted.iat).toBeGreaterThan(1)
})

it.for([
  ['sub', 'no subject', {}],
  ['sub', 'an empty subject', { sub: '' }],
  ['sub', 'a long subject', { sub: 'a'.repeat(257) }],
  ['sub', 'a number as subject', { sub: 7 }],
  ['claims', 'a list of claims', { sub: 'alice', claims: [] }],
  ['ttl_seconds', 'no lifetime', { sub: 'alice', ttl_seconds: 0 }],
  ['ttl_seconds', 'more than a day', { sub: 'alice', ttl_seconds: 86_401 }],
  ['ttl_seconds', 'half a second', { sub: 'alice', ttl_seconds: 1.5 }],
  ['ttl', 'an unknown member', { sub: 'alice', ttl: 60 }],
  ['the body', 'what is not JSON', 'not json'],
  ['the body', 'a list', ['alice']],
  ['the body', 'more than 8192 characters', { sub: 'a', claims: { much: 'x'.repeat(8192) } }],
] as const)('names %s in the refusal of %s', async ([field, , body]) => {
  const { status, code, detail } = await order(body)
  expect(status).toBe(400)
  expect(code).toBe('request_malformed')
  expect(detail).toContain(field)
})

it('mints nothing where there is no development key', async () => {
  for (const worker of [deployed, shown]) {
    const { status, code } = await order({ sub: 'alice' }, worker)
    expect({ status, code }).toEqual({ status: 404, code: 'route_unknown' })
  }
})

it.for(['/', '/_portico/demo.js', '/_portico/demo.css'])(
  'shows %s only in development, or where the demo is enabled',
  async (path) => {
    expect((await fetch(development.origin + path)).status).toBe(200)
    expect((await fetch(shown.origin + path)).status).toBe(200)
    const response = await fetch(deployed.origin + path)
    expect(response.status).toBe(404)
    expect(await response.json()).toMatchObject({ code: 'route_unknown' })
  },
)

it('keeps the demo room out of reach where the demo is not enabled', async () => {
  const headers = { authorization: `Bearer ${await mintToken()}` }
  expect((await fetch(`${shown.origin}/party/lobby`, { headers })).status).toBe(200)
  expect((await fetch(`${deployed.origin}/party/lobby`, { headers })).status).toBe(404)
})

it.for(['/', '/party/lobby', TOKEN_PATH, '/_portico/health'])(
  'refuses %s with a development key on a name that is not loopback',
  async (path) => {
    const method = path === TOKEN_PATH ? 'POST' : 'GET'
    const lines = [`${method} ${path} HTTP/1.1`, 'Host: portico.example', 'Content-Length: 0']
    const response = await rawRequest(development.port, lines)
    expect(response).toContain('HTTP/1.1 500')
    expect(response).toContain('"code":"gate_misconfigured"')
    expect(response).toContain('DEVELOPMENT_KEY')
    expect(response).not.toContain(DEVELOPMENT_KEY)
  },
)

it('refuses a published key for tickets in the same way', async () => {
  const text = await readFile('development.env', 'utf8')
  const { TOKEN_KEY = '' } = parseEnv(text)
  expect(TOKEN_KEY.length).toBeGreaterThanOrEqual(32)
  const rooms = { CHAT_ROOM: 'ChatRoom', SUBJECT: 'Subject' }
  for (const vars of [
    { TOKEN_KEY },
    { TOKEN_KEY: 'a-key-of-more-than-thirty-two-characters', TOKEN_KEY_PREVIOUS: TOKEN_KEY },
  ]) {
    const worker = await serveWorker({
      entry: 'src/index.ts',
      vars: { ...REAL_ISSUER, ...vars },
      rooms,
    })
    const lines = ['GET /_portico/health HTTP/1.1', 'Host: portico.example']
    const response = await rawRequest(worker.port, lines)
    const here = await fetch(`${worker.origin}/_portico/health`)
    await worker.stop()
    expect(response).toContain('"code":"gate_misconfigured"')
    expect(response).toContain('TOKEN_KEY')
    expect(response).not.toContain(TOKEN_KEY)
    expect(here.status).toBe(200)
  }
})

it('writes the room of the address into the page as text, and into the shell as one word', async () => {
  const room = `<b>"'$(id)'`
  const page = await (await fetch(`${development.origin}/?room=${encodeURIComponent(room)}`)).text()
  expect(page).not.toContain('<b>')
  expect(page).toContain(`/party/%3Cb%3E%22%27%24%28id%29%27<`)
})

it('allows the page no script, style or connection but its own', async () => {
  const { headers } = await fetch(development.origin)
  const policy = headers.get('content-security-policy')
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("require-trusted-types-for 'script'")
  expect(policy).not.toContain('unsafe')
})

function serve(vars: Record<string, string>): Promise<ServedWorker> {
  return serveWorker({ entry: 'src/index.ts', vars, rooms: { CHAT_ROOM: 'ChatRoom' } })
}

async function order(body: unknown, worker = development) {
  const response = await fetch(worker.origin + TOKEN_PATH, {
    method: 'POST',
    body: typeof body === 'string' ? body : JSON.stringify(body),
  })
  const answer = (await response.json()) as Record<
    'token' | 'expires_at' | 'code' | 'detail',
    string
  >
  return { status: response.status, ...answer }
}
