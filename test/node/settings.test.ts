import { createServer, type Server } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { exportJWK, exportSPKI, generateKeyPair, type CryptoKey } from 'jose'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { AUDIENCE, ISSUER, mintToken, SECRET } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

const SHORT = { JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, JWT_SECRET: SECRET }
const ROOMS = JSON.stringify({
  chat: 'CHAT_ROOM',
  open: { binding: 'CHAT_ROOM', auth: 'optional' },
})

let privateKey: CryptoKey
let publicKey: string
let neighbour: Server
let neighbourOrigin: string
const workers: ServedWorker[] = []

/** The backend and the issuer's key set, on one port: what the Worker needs of the world outside. */
beforeAll(async () => {
  const pair = await generateKeyPair('RS256', { extractable: true })
  privateKey = pair.privateKey
  publicKey = await exportSPKI(pair.publicKey)
  const keys = [{ ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'RS256' }]
  neighbour = createServer((request, response) => {
    response.setHeader('content-type', 'application/json')
    const { url, headers } = request
    response.end(
      JSON.stringify(url === '/keys' ? { keys } : { url, subject: headers['x-verified-subject'] }),
    )
  }).listen(0, '127.0.0.1')
  await once(neighbour, 'listening')
  neighbourOrigin = `http://127.0.0.1:${(neighbour.address() as AddressInfo).port}`
})

afterAll(() => {
  neighbour.closeAllConnections()
  neighbour.close()
})

afterEach(async () => {
  await Promise.all(workers.splice(0).map(async (worker) => worker.stop()))
})

async function serve(vars: Readonly<Record<string, string>>): Promise<ServedWorker> {
  const worker = await serveWorker({
    entry: 'src/index.ts',
    vars,
    rooms: { CHAT_ROOM: 'ChatRoom' },
  })
  workers.push(worker)
  return worker
}

async function askRoom(
  { origin }: ServedWorker,
  token: string,
  room = 'chat/lobby',
): Promise<Response> {
  return fetch(`${origin}/parties/${room}`, { headers: { authorization: `Bearer ${token}` } })
}

async function rs256(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return mintToken(claims, { key: privateKey, alg: 'RS256', header: { kid: 'k1' } })
}

const issuer = { issuer: ISSUER, audience: AUDIENCE }

const keys: readonly (readonly [
  name: string,
  vars: () => Record<string, string>,
  mint: () => Promise<string>,
])[] = [
  ['JWT_SECRET', () => SHORT, () => mintToken()],
  [
    'JWT_PUBLIC_KEY',
    () => ({ JWT_ISSUER: ISSUER, JWT_AUDIENCE: `other, ${AUDIENCE}`, JWT_PUBLIC_KEY: publicKey }),
    rs256,
  ],
  [
    'JWT_PUBLIC_KEY on one line',
    () => ({
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWT_PUBLIC_KEY: publicKey.replaceAll('\n', String.raw`\n`),
    }),
    rs256,
  ],
  [
    'JWKS_URL',
    () => ({
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: `${neighbourOrigin}/keys`,
      JWT_ALGORITHMS: 'RS256',
    }),
    rs256,
  ],
  [
    'JWT_ISSUERS with public_key',
    () => ({ JWT_ISSUERS: JSON.stringify([{ ...issuer, public_key: publicKey }]) }),
    rs256,
  ],
  [
    'JWT_ISSUERS with jwks_url',
    () => ({ JWT_ISSUERS: JSON.stringify([{ ...issuer, jwks_url: `${neighbourOrigin}/keys` }]) }),
    rs256,
  ],
  [
    'JWT_ISSUERS beside the short form',
    () => ({
      ...SHORT,
      JWT_ISSUERS: JSON.stringify([{ issuer: 'https://other.example', public_key: publicKey }]),
    }),
    () => mintToken(),
  ],
]

it.for(keys)('verifies with %s', async ([, vars, mint]) => {
  const worker = await serve({ ...vars(), ROOMS })
  const response = await askRoom(worker, await mint())
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    room: 'lobby',
    headers: { 'x-verified-subject': 'alice' },
  })
  const forged = await mintToken(
    {},
    { key: new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes') },
  )
  expect((await askRoom(worker, forged)).status).toBe(401)
})

it('takes the user and the data from the claims that JWT_ISSUERS names', async () => {
  const listed = [
    {
      ...issuer,
      public_key: publicKey,
      user_claim: 'email',
      forward_claims: ['role'],
      authorized_parties: ['https://app.example'],
      max_age_seconds: 60,
      clock_skew_seconds: 0,
    },
  ]
  const worker = await serve({ JWT_ISSUERS: JSON.stringify(listed), ROOMS })
  const claims = {
    email: 'alice@example.com',
    role: 'admin',
    team: 'x',
    azp: 'https://app.example',
  }
  const response = await askRoom(worker, await rs256(claims))
  const { headers } = (await response.json()) as { headers: Record<string, string> }
  expect(headers).toMatchObject({
    'x-verified-username': 'alice@example.com',
    'x-verified-user-data': '{"role":"admin"}',
  })
  expect(
    (await askRoom(worker, await rs256({ ...claims, azp: 'https://evil.example' }))).status,
  ).toBe(401)
})

it('serves the rooms of ROOMS, the backends of BACKENDS, and nothing else', async () => {
  const BACKENDS = JSON.stringify({
    api: neighbourOrigin,
    kept: { origin: neighbourOrigin, path: 'keep', auth: 'optional' },
  })
  const worker = await serve({ ...SHORT, ROOMS, BACKENDS })
  const token = await mintToken()
  const authorization = { headers: { authorization: token } }
  expect((await askRoom(worker, token, 'open/x')).status).toBe(200)
  expect((await fetch(`${worker.origin}/parties/open/x`)).status).toBe(200)
  expect((await fetch(`${worker.origin}/parties/chat/x`)).status).toBe(401)
  expect((await askRoom(worker, token, 'main/x')).status).toBe(404)
  expect((await askRoom(worker, token, 'CHAT_ROOM/x')).status).toBe(404)
  const api = await fetch(`${worker.origin}/backends/api/a%2Fb?c`, authorization)
  expect(await api.json()).toEqual({ url: '/a%2Fb?c', subject: 'alice' })
  const kept = await fetch(`${worker.origin}/backends/kept/a`)
  expect(await kept.json()).toEqual({ url: '/backends/kept/a' })
  expect((await fetch(`${worker.origin}/`)).status).toBe(404)
})

it('lets the pages of ALLOWED_ORIGINS, and no other, read answers', async () => {
  const worker = await serve({
    ...SHORT,
    ROOMS,
    ALLOWED_ORIGINS: 'https://app.example, http://localhost:5173',
  })
  const allowed = async (origin: string) => {
    const response = await fetch(`${worker.origin}/parties/chat/x`, { headers: { origin } })
    return response.headers.get('access-control-allow-origin')
  }
  expect(await allowed('https://app.example')).toBe('https://app.example')
  expect(await allowed('http://localhost:5173')).toBe('http://localhost:5173')
  expect(await allowed('https://evil.example')).toBeNull()
})

it('refuses every request, and says it in the log, while a setting is wrong', async () => {
  const worker = await serve({ ...SHORT, JWT_SECRET: 'too-short-to-be-a-secret', ROOMS })
  for (const path of ['/parties/chat/x', '/backends/x', '/_portico/health', '/nothing']) {
    const response = await fetch(worker.origin + path)
    expect(response.status).toBe(500)
    const text = await response.text()
    expect(JSON.parse(text)).toMatchObject({
      code: 'gate_misconfigured',
      detail: expect.stringMatching(/^JWT_SECRET: /) as string,
    })
    expect(text).not.toContain('too-short')
  }
  await worker.logged('portico: JWT_SECRET: ')
  expect(worker.logs()).not.toContain('too-short')
})
