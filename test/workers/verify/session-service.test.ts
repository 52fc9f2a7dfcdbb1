import { afterEach, beforeEach, describe, expect, it, vi, type MockInstance } from 'vitest'
import { ConfigurationError } from '../../../src/refusal/configuration-error.ts'
import { sessionService } from '../../../src/verify/session-service.ts'
import type { SessionServiceOptions } from '../../../src/verify/session-service-options.ts'
import { verifyWithFirst, type VerifyContext } from '../../../src/verify/verifier.ts'
import { mintToken } from '../../support/mint-token.ts'
import { contextAt, NOW } from './verdict.ts'

const TOKEN = 'opaque-token-0123456789'
const SERVICE = 'https://sessions.example/who'
const introspection = { form: 'introspection', url: SERVICE, bearer: 'gate' } as const
const identity = { form: 'identity', url: SERVICE } as const

type Answer = (request: Request) => Response | Promise<Response>

/** A session service, and what it was asked. */
function service(answer: Answer, nowSeconds = NOW) {
  const requests: Request[] = []
  const inits: (RequestInit | undefined)[] = []
  let now = nowSeconds
  const context: VerifyContext = {
    ...contextAt(NOW),
    now: () => now * 1000,
    fetch: async (input, init) => {
      const request = new Request(input, init)
      requests.push(request)
      inits.push(init)
      return answer(request)
    },
  }
  return { requests, inits, context, pass: (seconds: number) => void (now += seconds) }
}

function json(body: unknown, init?: ResponseInit): Answer {
  return () => Response.json(body, init)
}

async function codeFor(
  options: SessionServiceOptions,
  answer: Answer,
  token = TOKEN,
): Promise<string> {
  const result = await verifyWithFirst([sessionService(options)], token, service(answer).context)
  return result.ok ? 'ok' : result.refusal.code
}

async function identityFor(options: SessionServiceOptions, answer: unknown) {
  const { context } = service(json(answer))
  const result = await verifyWithFirst([sessionService(options)], TOKEN, context)
  if (!result.ok) throw new Error(`refused: ${result.refusal.code}`)
  return result.value
}

let log: MockInstance<typeof console.error>

beforeEach(() => {
  log = vi.spyOn(console, 'error').mockReturnValue()
})

afterEach(() => log.mockRestore())

describe('how the service is asked', () => {
  it('by introspection, with a bearer token of the gate', async () => {
    const { requests, inits, context } = service(json({ active: false }))
    await sessionService(introspection)(TOKEN, context)
    const [request] = requests
    expect([request?.method, request?.url]).toEqual(['POST', SERVICE])
    expect(request?.headers.get('authorization')).toBe('Bearer gate')
    expect(request?.headers.get('accept')).toBe('application/json')
    expect(request?.headers.get('content-type')).toMatch(/^application\/x-www-form-urlencoded/)
    const form = { token: TOKEN, token_type_hint: 'access_token' }
    expect(inits[0]?.body).toEqual(new URLSearchParams(form))
    expect(inits[0]).toMatchObject({ redirect: 'manual', cache: 'no-store' })
  })

  it('by introspection, with client credentials encoded as RFC 6749 asks', async () => {
    const { requests, context } = service(json({ active: false }))
    const credentials = { clientId: 'gate:1', clientSecret: 'p ä%' }
    await sessionService({ form: 'introspection', url: SERVICE, ...credentials })(TOKEN, context)
    expect(requests[0]?.headers.get('authorization')).toBe(`Basic ${btoa('gate%3A1:p+%C3%A4%25')}`)
  })

  it.for<[cookie: string | undefined, expected: readonly (string | null)[]]>([
    [undefined, [`Bearer ${TOKEN}`, null]],
    ['next-auth.session-token', [null, `next-auth.session-token=${TOKEN}`]],
    ['__Secure-authjs.session-token', [null, `__Secure-authjs.session-token=${TOKEN}`]],
  ])('for an identity, with the cookie %s', async ([cookie, expected]) => {
    const { requests, inits, context } = service(json(null))
    const options = cookie === undefined ? identity : { ...identity, cookie }
    await sessionService(options)(TOKEN, context)
    const [request] = requests
    expect([request?.method, request?.url]).toEqual(['GET', SERVICE])
    expect(['authorization', 'cookie'].map((name) => request?.headers.get(name))).toEqual(expected)
    expect(inits[0]).toMatchObject({ redirect: 'manual', cache: 'no-store' })
  })
})

describe('what an answer means', () => {
  const large = JSON.stringify({ active: true, sub: 'alice', more: 'x'.repeat(65_536) })
  const yes = { active: true, sub: 'alice' }

  it.for<[code: string, what: string, answer: Answer]>([
    ['ok', 'active', json(yes)],
    ['ok', 'active, until later', json({ ...yes, exp: NOW + 1 })],
    [
      'ok',
      'active, as a type of its own',
      json(yes, { headers: { 'content-type': 'application/token-introspection+json' } }),
    ],
    ['token_invalid', 'not active', json({ active: false })],
    ['token_invalid', 'not active, with everything else', json({ ...yes, active: false })],
    ['token_invalid', 'no subject', json({ active: true })],
    ['token_invalid', 'an empty subject', json({ ...yes, sub: '' })],
    ['token_invalid', 'a subject that is no text', json({ ...yes, sub: 7 })],
    ['token_invalid', 'an audience that nobody expects', json({ ...yes, aud: 'other' })],
    ['token_expired', 'active, but its end has passed', json({ ...yes, exp: NOW })],
    ['verifier_unavailable', 'active as text', json({ ...yes, active: 'true' })],
    ['verifier_unavailable', 'active missing', json({ sub: 'alice' })],
    ['verifier_unavailable', 'an end as text', json({ ...yes, exp: 'soon' })],
    ['verifier_unavailable', 'an end in milliseconds', json({ ...yes, exp: NOW * 1000 })],
    ['verifier_unavailable', 'a session that is no text', json({ ...yes, sid: 7 })],
    ['verifier_unavailable', 'an issuer that is no text', json({ ...yes, iss: 7 })],
    ['verifier_unavailable', 'null', json(null)],
    ['verifier_unavailable', 'a list', json([yes])],
    [
      'verifier_unavailable',
      'HTML',
      () => new Response('<html>', { headers: { 'content-type': 'text/html' } }),
    ],
    [
      'verifier_unavailable',
      'no JSON',
      () => new Response('{', { headers: { 'content-type': 'application/json' } }),
    ],
    [
      'verifier_unavailable',
      'too much of it',
      () => new Response(large, { headers: { 'content-type': 'application/json' } }),
    ],
    [
      'verifier_unavailable',
      'our credentials are wrong',
      json({ error: 'invalid_client' }, { status: 401 }),
    ],
    ['verifier_unavailable', 'a yes that is not found', json(yes, { status: 404 })],
    ['verifier_unavailable', 'a yes as 201', json(yes, { status: 201 })],
    ['verifier_unavailable', 'a redirect', () => Response.redirect('https://other.example/')],
    ['verifier_unavailable', 'its own failure', json(yes, { status: 500 })],
    ['verifier_unavailable', 'nothing', () => Promise.reject(new Error('no route to host'))],
  ])('of an introspection: %s for %s', async ([code, , answer]) => {
    expect(await codeFor(introspection, answer)).toBe(code)
  })

  it.for<[code: string, what: string, answer: Answer]>([
    ['ok', 'an identity', json({ sub: 'alice' })],
    [
      'ok',
      'until a date',
      json({ sub: 'alice', expires: new Date((NOW + 1) * 1000).toISOString() }),
    ],
    ['ok', 'until a time', json({ sub: 'alice', expires: NOW + 1 })],
    ['ok', 'until null', json({ sub: 'alice', expires: null })],
    ['token_invalid', '401', () => new Response('no', { status: 401 })],
    ['token_invalid', '403', json({ sub: 'alice' }, { status: 403 })],
    ['token_invalid', '404', () => new Response(null, { status: 404 })],
    ['token_invalid', 'null', json(null)],
    ['token_invalid', 'an empty object', json({})],
    ['token_invalid', 'no subject', json({ user: null })],
    [
      'token_expired',
      'until a date that has passed',
      json({ sub: 'alice', expires: new Date(NOW * 1000).toISOString() }),
    ],
    ['verifier_unavailable', 'until no date', json({ sub: 'alice', expires: 'tomorrow' })],
    [
      'verifier_unavailable',
      'until a date that is none',
      json({ sub: 'alice', expires: '2030-13-41T00:00:00Z' }),
    ],
    ['verifier_unavailable', 'an empty list', json([])],
    ['verifier_unavailable', 'text', json('alice')],
    ['verifier_unavailable', 'an empty body', () => new Response(null)],
    ['verifier_unavailable', 'no content', () => new Response(null, { status: 204 })],
    [
      'verifier_unavailable',
      'a redirect to a login page',
      () => Response.redirect('https://app.example/login'),
    ],
    ['verifier_unavailable', '400', json({}, { status: 400 })],
    ['verifier_unavailable', '429', json({}, { status: 429 })],
    ['verifier_unavailable', '503', json({ sub: 'alice' }, { status: 503 })],
  ])('for an identity: %s for %s', async ([code, , answer]) => {
    expect(await codeFor(identity, answer)).toBe(code)
  })

  it.for<[code: string, options: object, answer: object]>([
    ['ok', { audience: 'gate' }, { aud: 'gate' }],
    ['ok', { audience: ['gate', 'api'] }, { aud: ['x', 'api'] }],
    ['token_invalid', { audience: 'gate' }, {}],
    ['token_invalid', { audience: 'gate' }, { aud: 'gateway' }],
    ['token_invalid', { audience: 'gate' }, { aud: ['x', 7, 'gate'] }],
    ['ok', { issuer: 'https://a.example' }, { iss: 'https://a.example' }],
    ['ok', { issuer: 'https://a.example' }, {}],
    ['token_invalid', { issuer: 'https://a.example' }, { iss: 'https://b.example' }],
    ['token_invalid', { userClaim: 'email' }, {}],
    ['token_invalid', { subjectClaim: 'client_id' }, {}],
    ['ok', { subjectClaim: 'client_id' }, { client_id: 'cron' }],
  ])('is held to the options: %s for %o and %o', async ([code, options, answer]) => {
    const body = json({ active: true, sub: 'alice', ...answer })
    expect(await codeFor({ ...introspection, ...options }, body)).toBe(code)
  })
})

describe('the identity', () => {
  it('of an introspection has what RFC 7662 names', async () => {
    const answer = {
      active: true,
      token_type: 'Bearer',
      sub: 'alice',
      username: 'alice@example.com',
      iss: 'https://issuer.example',
      client_id: 'app',
      scope: 'read write',
      sid: 's1',
      jti: 't1',
      exp: NOW + 60,
      iat: NOW,
    }
    expect(await identityFor(introspection, answer)).toEqual({
      issuer: 'https://issuer.example',
      subject: 'alice',
      username: 'alice@example.com',
      session: 's1',
      tokenId: 't1',
      expiresAt: NOW + 60,
      claims: answer,
      userData: {
        username: 'alice@example.com',
        client_id: 'app',
        scope: 'read write',
        sid: 's1',
      },
    })
  })

  it('of a NextAuth session is what the paths find', async () => {
    const expires = new Date((NOW + 60) * 1000).toISOString()
    const user = { id: 'u1', name: 'Alice', email: 'alice@example.com' }
    const options = { ...identity, subjectClaim: 'user.id', userClaim: 'user.email' }
    expect(await identityFor(options, { user, expires })).toMatchObject({
      issuer: 'https://sessions.example',
      subject: 'u1',
      username: 'alice@example.com',
      expiresAt: NOW + 60,
      userData: { user },
    })
  })

  it('lasts an hour where the service tells no end, or as long as the options say', async () => {
    expect(await identityFor(identity, { sub: 'alice' })).toMatchObject({ expiresAt: NOW + 3600 })
    const options = { ...identity, lifetimeSeconds: 60 }
    expect(await identityFor(options, { sub: 'alice' })).toMatchObject({ expiresAt: NOW + 60 })
  })

  it('forwards the members that are named, and none for an empty list', async () => {
    const answer = { sub: 'alice', role: 'admin', team: 'x' }
    const forwarding = (forwardClaims: readonly string[]) =>
      identityFor({ ...identity, forwardClaims }, answer)
    expect(await forwarding(['role'])).toMatchObject({ userData: { role: 'admin' } })
    expect((await forwarding([])).userData).toEqual({})
  })

  it('holds no copy of the token, wherever the service tells it back', async () => {
    const answer = {
      sub: 'alice',
      access_token: TOKEN,
      session: { token: TOKEN, header: `Bearer ${TOKEN}`, list: [TOKEN, 'kept'] },
      [TOKEN]: 'as a name',
    }
    const found = await identityFor(identity, answer)
    expect(JSON.stringify(found)).not.toContain(TOKEN)
    expect(JSON.stringify(found.userData)).toBe('{"session":{"list":[null,"kept"]}}')
  })

  it('cannot be written into by a hook, nor take members from a prototype', async () => {
    const found = await identityFor(identity, { sub: 'alice', user: { roles: ['a'] } })
    expect([found, found.claims, found.userData].every(Object.isFrozen)).toBe(true)
    expect(Object.isFrozen((found.claims['user'] as { roles: unknown }).roles)).toBe(true)
    const options = { ...identity, userClaim: 'constructor.name' }
    expect(await codeFor(options, json({ sub: 'alice' }))).toBe('token_invalid')
  })
})

describe('tokens that are not its own', () => {
  it.for<[what: string, options: object, token: string]>([
    ['with a blank', {}, 'a token with blanks'],
    ['with a second cookie', {}, `${TOKEN};admin=true`],
    ['with a line end', {}, `${TOKEN}\r\nx-admin: true`],
    ['with a comma', {}, `${TOKEN},${TOKEN}`],
    ['with a quote', {}, `"${TOKEN}"`],
    ['beyond ASCII', {}, `${TOKEN}é`],
    ['empty', {}, ''],
    ['too long', {}, 'x'.repeat(8193)],
    ['with the form of a JWT', {}, 'eyJhbGciOiJub25lIn0.e30.c2ln'],
    ['with another prefix', { prefix: 'sess_' }, TOKEN],
    ['with another form', { pattern: /[0-9a-f-]{36}/ }, TOKEN],
    ['with the form only within', { pattern: /opaque/g }, TOKEN],
  ])('are left to the next verifier, and never sent: %s', async ([, options, token]) => {
    const { requests, context } = service(json({ active: true, sub: 'alice' }))
    const verifier = sessionService({ ...introspection, ...options })
    expect(await verifier(token, context)).toBeUndefined()
    expect(requests).toEqual([])
  })

  it.for<[what: string, options: object, token: string]>([
    ['with the prefix', { prefix: 'opaque-' }, TOKEN],
    ['with the form, every time', { pattern: /OPAQUE-[\w-]+/gi }, TOKEN],
    ['encrypted, of five segments', {}, 'eyJhbGciOiJkaXIifQ..aXY.dGV4dA.dGFn'],
    ['of two segments', {}, `${TOKEN}.c2lnbmF0dXJl%3D`],
  ])('are not those %s', async ([, options, token]) => {
    const { context } = service(json({ active: true, sub: 'alice' }))
    const verifier = sessionService({ ...introspection, ...options })
    for (const next of [token, `${token}1`]) {
      expect(await verifier(next, context)).toMatchObject({ ok: true })
    }
  })

  it('are not JWTs where the options say so', async () => {
    const token = await mintToken()
    expect(
      await codeFor({ ...introspection, jwts: true }, json({ active: true, sub: 'a' }), token),
    ).toBe('ok')
  })
})

describe('the memory of answers', () => {
  /** How often the service is asked when the token comes at these moments. */
  async function asked(
    options: object,
    answer: Answer,
    seconds: readonly number[],
  ): Promise<number> {
    const { requests, context, pass } = service(answer)
    const verifier = sessionService({ ...introspection, ...options })
    let now = 0
    for (const second of seconds) {
      pass(second - now)
      now = second
      await verifier(TOKEN, context)
    }
    return requests.length
  }

  const yes = json({ active: true, sub: 'alice' })
  const no = json({ active: false })
  const down = json({}, { status: 503 })

  it.for<
    [expected: number, what: string, options: object, answer: Answer, seconds: readonly number[]]
  >([
    [1, 'a yes counts for half a minute', {}, yes, [0, 10, 29]],
    [2, 'a yes counts no longer', {}, yes, [0, 30, 59]],
    [2, 'a yes counts as long as the options say', { cacheSeconds: 10 }, yes, [0, 9, 10]],
    [3, 'a yes counts once where the options say 0', { cacheSeconds: 0 }, yes, [0, 0, 0]],
    [
      2,
      'a yes never counts beyond the end of the session',
      {},
      json({ active: true, sub: 'alice', exp: NOW + 5 }),
      [0, 4, 5],
    ],
    [2, 'a no counts for five seconds', {}, no, [0, 4, 5]],
    [2, 'a no counts as long as the options say', { cacheSeconds: 1 }, no, [0, 1]],
    [3, 'a no counts once where the options say 0', { cacheSeconds: 0 }, no, [0, 0, 0]],
    [2, 'an outage counts for a second', {}, down, [0, 0.9, 1]],
  ])('asks %i times: %s', async ([expected, , options, answer, seconds]) => {
    expect(await asked(options, answer, seconds)).toBe(expected)
  })

  it('refuses at once when the session ends, and does not outlive it', async () => {
    const { context, pass } = service(json({ active: true, sub: 'alice', exp: NOW + 5 }))
    const verifier = sessionService(introspection)
    expect(await verifier(TOKEN, context)).toMatchObject({ ok: true })
    pass(5)
    expect(await verifier(TOKEN, context)).toMatchObject({ refusal: { code: 'token_expired' } })
  })

  it('is of the whole token', async () => {
    const { requests, context } = service((request) =>
      Response.json(
        request.headers.get('authorization') === `Bearer ${TOKEN}` ? { sub: 'a' } : null,
      ),
    )
    const verifier = sessionService(identity)
    expect(await verifier(TOKEN, context)).toMatchObject({ ok: true })
    expect(await verifier(`${TOKEN}A`, context)).toMatchObject({ ok: false })
    expect(await verifier(TOKEN.toUpperCase(), context)).toMatchObject({ ok: false })
    expect(await verifier(TOKEN, context)).toMatchObject({ ok: true })
    expect(requests).toHaveLength(3)
  })

  it('keeps the people who are let in through a flood of tokens that are not', async () => {
    const { requests, context } = service((request) =>
      Response.json(
        request.headers.get('authorization') === `Bearer ${TOKEN}` ? { sub: 'a' } : null,
      ),
    )
    const verifier = sessionService(identity)
    await verifier(TOKEN, context)
    for (let made = 0; made < 2000; made++) await verifier(`made-up-${made}`, context)
    await verifier(TOKEN, context)
    expect(requests).toHaveLength(2001)
    // The flood itself is forgotten again, the oldest first.
    await verifier('made-up-1999', context)
    expect(requests).toHaveLength(2001)
    await verifier('made-up-0', context)
    expect(requests).toHaveLength(2002)
  })

  it('counts what an identity takes, not only its token', async () => {
    const { requests, context } = service(json({ sub: 'alice', data: 'x'.repeat(60_000) }))
    const verifier = sessionService(identity)
    for (let made = 0; made < 20; made++) await verifier(`token-${made}`, context)
    await verifier('token-19', context)
    expect(requests).toHaveLength(20)
    await verifier('token-0', context)
    expect(requests).toHaveLength(21)
  })
})

describe('one token in many requests at once', () => {
  it('is asked for once, and everybody gets the answer', async () => {
    const gate = Promise.withResolvers<void>()
    const { requests, context } = service(async () => {
      await gate.promise
      return Response.json({ active: true, sub: 'alice' })
    })
    const verifier = sessionService(introspection)
    const asking = Array.from({ length: 20 }, () => verifier(TOKEN, context))
    gate.resolve()
    const results = await Promise.all(asking)
    expect(results.every((result) => result?.ok)).toBe(true)
    expect(requests).toHaveLength(1)
  })

  it('is asked for by another request when the first one died', async () => {
    let now = NOW * 1000
    let calls = 0
    const context: VerifyContext = {
      ...contextAt(NOW),
      now: () => now,
      sleep: () => Promise.resolve(void (now += 1000)),
      fetch: () => {
        calls += 1
        const never = new Promise<Response>(() => undefined)
        return calls === 1 ? never : Promise.resolve(Response.json({ active: true, sub: 'a' }))
      },
    }
    const verifier = sessionService(introspection)
    void verifier(TOKEN, context)
    expect(await verifier(TOKEN, context)).toMatchObject({ ok: true })
    expect(calls).toBe(2)
  })
})

function echo(): Response {
  return new Response(TOKEN, { status: 500, headers: { 'content-type': TOKEN } })
}

it('says in the log that the service failed, and nothing of what it said', async () => {
  expect(await codeFor(identity, echo)).toBe('verifier_unavailable')
  expect(await codeFor(identity, () => Promise.reject(new Error(TOKEN)))).toBe(
    'verifier_unavailable',
  )
  expect(log.mock.calls.map(String)).toEqual([
    'portico: the session service gave no usable answer (500)',
    'portico: the session service gave no usable answer (none at all)',
  ])
})

it.for<[option: string, options: object]>([
  ['form', { url: SERVICE }],
  ['form', { ...identity, form: 'constructor' }],
  ['url', { form: 'identity' }],
  ['url', { ...identity, url: 'sessions.example' }],
  ['url', { ...identity, url: 'http://sessions.example/' }],
  ['url', { ...identity, url: 'https://user:hunter2@sessions.example/' }],
  ['url', { ...identity, url: 'https://sessions.example/#hunter2' }],
  ['url', { ...identity, url: 'ftp://sessions.example/' }],
  ['clientId', { form: 'introspection', url: SERVICE }],
  ['clientId', { form: 'introspection', url: SERVICE, clientId: 'gate' }],
  ['clientId', { ...introspection, clientId: 'gate', clientSecret: 'hunter2' }],
  ['bearer', { ...introspection, bearer: 'hunter2\r\n' }],
  ['bearer', { ...introspection, bearer: undefined }],
  ['bearer', { ...identity, bearer: 'hunter2' }],
  ['cookie', { ...introspection, cookie: 'a' }],
  ['cookie', { ...identity, cookie: 'a=b' }],
  ['cookie', { ...identity, cookie: 'a; b' }],
  ['audience', { ...introspection, audience: [] }],
  ['audience', { ...identity, audience: 'gate' }],
  ['cacheSeconds', { ...identity, cacheSeconds: 301 }],
  ['cacheSeconds', { ...identity, cacheSeconds: -1 }],
  ['timeoutMs', { ...identity, timeoutMs: 0 }],
  ['timeoutMs', { ...identity, timeoutMs: 30_001 }],
  ['lifetimeSeconds', { ...identity, lifetimeSeconds: 0 }],
  ['subjectClaim', { ...identity, subjectClaim: 'user..id' }],
  ['userClaim', { ...identity, userClaim: '' }],
  ['expiresClaim', { ...introspection, expiresClaim: 'until' }],
  ['forwardClaims', { ...identity, forwardClaims: [1] }],
  ['pattern', { ...identity, pattern: 'x+' }],
  ['prefix', { ...identity, prefix: '' }],
  ['jwts', { ...identity, jwts: 'no' }],
  ['ttl', { ...identity, ttl: 5 }],
])('names the option %s when it is wrong, and no secret: %o', ([option, options]) => {
  const make = () => sessionService(options as SessionServiceOptions)
  expect(make).toThrow(ConfigurationError)
  expect(make).toThrow(new RegExp(`^${option}(?:, \\w+)*: (?!.*hunter2)`))
})
