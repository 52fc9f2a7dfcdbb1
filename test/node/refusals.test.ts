import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { refusalRules, type RefusalCode } from '../../src/refusal/refusal.ts'
import { mintToken } from '../support/mint-token.ts'
import { serveWorker, type ServedWorker } from '../support/serve-worker.ts'

const PAGE = 'https://app.example.com'
const ANOTHER_KEY = new TextEncoder().encode('another-secret-of-more-than-thirty-two-bytes')

let worker: ServedWorker

beforeAll(async () => {
  worker = await serveWorker({
    entry: 'test/fixtures/refusals-worker.ts',
    rooms: { ECHO_ROOM: 'EchoRoom', BROKEN_ROOM: 'BrokenRoom' },
  })
})

afterAll(() => worker.stop())

interface Expected {
  readonly path: string
  readonly token?: () => string | Promise<string>
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
  readonly close: number
  readonly title: string
  readonly challenge?: string
  readonly retryAfter?: string
}

const BEARER = 'Bearer realm="portico"'
const MAIN = '/parties/main/x'
const UNAUTHORIZED = { status: 401, close: 4401, title: 'Unauthorized' } as const
const FORBIDDEN = {
  status: 403,
  close: 4403,
  title: 'Forbidden',
  challenge: `${BEARER}, error="insufficient_scope"`,
} as const
const UNAVAILABLE = {
  status: 503,
  close: 1013,
  title: 'Service Unavailable',
  retryAfter: '5',
} as const
const FAILED = { status: 500, close: 1013, title: 'Internal Server Error' } as const

/** Told by connection tokens and by the ticket endpoint, and tested with those. */
const toldElsewhere = ['token_revoked', 'backend_gone', 'rate_limited'] as const

// A code without its request does not compile.
const refusals: Readonly<Record<Exclude<RefusalCode, (typeof toldElsewhere)[number]>, Expected>> = {
  credential_missing: { path: MAIN, ...UNAUTHORIZED, challenge: BEARER },
  credential_ambiguous: {
    path: `${MAIN}?token=a&token=b`,
    ...UNAUTHORIZED,
    challenge: `${BEARER}, error="invalid_request", error_description="credential_ambiguous"`,
  },
  token_malformed: {
    path: MAIN,
    token: () => 'abc',
    ...UNAUTHORIZED,
    challenge: `${BEARER}, error="invalid_token", error_description="token_malformed"`,
  },
  token_invalid: {
    path: MAIN,
    token: () => mintToken({}, { key: ANOTHER_KEY }),
    ...UNAUTHORIZED,
    challenge: `${BEARER}, error="invalid_token", error_description="token_invalid"`,
  },
  token_expired: {
    path: MAIN,
    token: () => mintToken({ iat: 1_600_000_000, exp: 1_600_000_060 }),
    ...UNAUTHORIZED,
    close: 3000,
    challenge: `${BEARER}, error="invalid_token", error_description="token_expired"`,
  },
  hook_refused: { path: '/parties/undecided/x', ...FORBIDDEN },
  forbidden: { path: '/forbidding/parties/main/x', token: mintToken, ...FORBIDDEN },
  origin_refused: { path: MAIN, headers: { cookie: 'a=1' }, ...FORBIDDEN },
  route_unknown: {
    path: '/parties/nowhere/x',
    token: mintToken,
    status: 404,
    close: 4404,
    title: 'Not Found',
  },
  request_malformed: { path: '/parties/main/%zz', status: 400, close: 4400, title: 'Bad Request' },
  verifier_unavailable: { path: MAIN, token: () => 'verifier-throws', ...UNAVAILABLE },
  store_unavailable: { path: '/parties/broken/x', token: mintToken, ...UNAVAILABLE },
  backend_unavailable: {
    path: '/backends/down/x',
    token: mintToken,
    status: 502,
    close: 1013,
    title: 'Bad Gateway',
  },
  hook_failed: { path: '/parties/throwing/x', token: mintToken, ...FAILED },
  gate_misconfigured: { path: '/misconfigured/parties/main/x', ...FAILED },
  gate_failed: { path: MAIN, token: () => 'verifier-lies', ...FAILED },
}

it('has a real request for every code, here or with what tells it', () => {
  const all = [...Object.keys(refusals), ...toldElsewhere]
  expect(all.toSorted()).toEqual(Object.keys(refusalRules).toSorted())
})

const codes = Object.entries(refusals)

async function headersOf({ token, headers = {} }: Expected): Promise<Record<string, string>> {
  return token === undefined
    ? { ...headers }
    : { ...headers, authorization: `Bearer ${await token()}` }
}

it.for(codes)('answers %s as a problem', async ([code, expected]) => {
  // A POST, so that the case with a cookie is one that changes something.
  const response = await fetch(worker.origin + expected.path, {
    method: 'POST',
    headers: await headersOf(expected),
  })
  expect(response.status).toBe(expected.status)
  expect(response.headers.get('content-type')).toBe('application/problem+json')
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(response.headers.get('www-authenticate')).toBe(expected.challenge ?? null)
  expect(response.headers.get('retry-after')).toBe(expected.retryAfter ?? null)
  const problem = (await response.json()) as { detail: string }
  expect(problem).toEqual({
    status: expected.status,
    title: expected.title,
    code,
    detail: expect.stringMatching(/^.{10,200}$/) as string,
  })
})

it.for(codes)('closes the socket of a page with the code of %s', async ([code, expected]) => {
  const socket = new WebSocket(worker.origin + expected.path, {
    headers: await headersOf(expected),
    origin: PAGE,
  })
  const closed = once(socket, 'close') as Promise<[number, Buffer]>
  const [handshake] = (await once(socket, 'upgrade')) as [IncomingMessage]
  expect(handshake.statusCode).toBe(101)
  const [closeCode, reason] = await closed
  expect(closeCode).toBe(expected.close)
  expect(reason.toString()).toBe(JSON.stringify({ code }))
  expect(reason.length).toBeLessThanOrEqual(123)
})

it.for(codes)(
  'answers the handshake of any other client with the status of %s',
  async ([code, expected]) => {
    const socket = new WebSocket(worker.origin + expected.path, {
      headers: await headersOf(expected),
    })
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    let body = ''
    for await (const chunk of response) body += String(chunk)
    expect(response.statusCode).toBe(expected.status)
    expect(JSON.parse(body)).toMatchObject({ code })
  },
)
