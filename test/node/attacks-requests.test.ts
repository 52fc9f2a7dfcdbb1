import { afterAll, beforeAll, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { closing, refusedHandshake } from '../support/browser-socket.ts'
import { mintToken } from '../support/mint-token.ts'
import { openRaw } from '../support/raw-socket.ts'
import { serveAttackedGate } from '../support/serve-attacked-gate.ts'

// Known attacks by way of the request, each end to end through a running Worker. What each guard
// refuses in detail is tested where the guard is.

let gate: Awaited<ReturnType<typeof serveAttackedGate>>

beforeAll(async () => {
  gate = await serveAttackedGate()
})

afterAll(() => gate.stop())

async function bearer(claims: Readonly<Record<string, unknown>> = {}): Promise<string> {
  return `Authorization: Bearer ${await mintToken(claims)}`
}

function sendCookies(text: string) {
  return gate.send('/backends/closed/x', [`Cookie: ${text}`])
}

async function statusOf(target: string, lines: readonly string[] = []): Promise<number> {
  return (await gate.send(target, lines)).status
}

it('identity header smuggling: the backend sees one identity, and it is the verified one', async () => {
  const forged = ['X_Verified_Username', 'X.Verified.Username', 'X-VERIFIED-USERNAME']
  const lines = [...forged, 'x-verified-username', 'x-verified-username'].map(
    (name) => `${name}: root`,
  )
  for (const [target, login, username] of [
    ['/backends/open/x', [], undefined],
    ['/backends/open/x', [await bearer()], 'alice'],
    ['/backends/closed/x', [await bearer()], 'alice'],
  ] as const) {
    const { cgi, lines: seen } = await gate.seen(target, [...lines, ...login])
    expect(cgi['HTTP_X_VERIFIED_USERNAME']).toBe(username)
    expect(JSON.stringify(seen)).not.toContain('root')
  }
})

it('forwarded headers trusted: none of a caller decides or arrives', async () => {
  const names = [
    'X-Forwarded-Host',
    'X-Forwarded-Uri',
    'X-Forwarded-For',
    'Forwarded',
    'X-Original-URL',
    'X-Rewrite-URL',
    'X-Clerk-Auth-Status',
    'Cf-Access-Jwt-Assertion',
  ]
  const lines = names.map((name) => `${name}: /backends/open/evil.example`)
  expect(await statusOf('/backends/closed/x', lines)).toBe(401)
  const { url, cgi } = await gate.seen('/backends/closed/x', [...lines, await bearer()])
  expect(url).toBe('/x')
  expect(JSON.stringify(cgi)).not.toContain('evil.example')
  expect(cgi['HTTP_X_FORWARDED_HOST']).toBe('gate.example')
})

it('skip-auth by query or User-Agent: only the path says what is open', async () => {
  for (const search of ['?/backends/open/x', '?/_portico/health', '?auth=optional', '?/public']) {
    expect(await statusOf(`/backends/closed/x${search}`)).toBe(401)
  }
  for (const agent of ['kube-probe/1.30', 'ELB-HealthChecker/2.0', 'GoogleHC/1.0']) {
    expect(await statusOf('/backends/closed/x', [`User-Agent: ${agent}`])).toBe(401)
  }
  expect(await statusOf('/_portico/health/../../backends/closed/x')).toBe(400)
  expect(await statusOf('/backends/open/x')).toBe(200)
})

it('hop-by-hop: no caller has the gate take an identity header away', async () => {
  const nominating = 'Connection: close, x-verified-username, X-Verified-Subject'
  const { cgi } = await gate.seen('/backends/closed/x', [nominating, await bearer()])
  expect(cgi).toMatchObject({
    HTTP_X_VERIFIED_USERNAME: 'alice',
    HTTP_X_VERIFIED_SUBJECT: 'alice',
  })
})

it('request smuggling: what is hidden in a body is never a request', async () => {
  const hidden = 'GET /backends/closed/smuggled HTTP/1.1\r\nHost: gate.example\r\n\r\n'
  const start = ['POST /backends/open/x HTTP/1.1', 'Host: gate.example', 'Connection: close']
  for (const [framing, body, answers] of [
    [['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${hidden}`, 1],
    [['Transfer-Encoding: chunked', 'Content-Length: 5'], `0\r\n\r\n${hidden}`, 1],
    [['Content-Length: 0', `Content-Length: ${hidden.length}`], hidden, 1],
    [['Transfer-Encoding: xchunked', 'Content-Length: 3'], hidden, 1],
    [['Upgrade: websocket', `Content-Length: ${hidden.length}`], hidden, 1],
  ] as const) {
    let received = ''
    for await (const chunk of openRaw(gate.port, [...start, ...framing], body)) {
      received += String(chunk)
    }
    expect(received.match(/^HTTP\/1\.1 \d/gm), framing.join()).toHaveLength(answers)
    expect(received).not.toContain('/smuggled')
  }
})

// What proxies and frameworks have read in different ways, after `/backends/open`.

/** The only reading is the text itself. */
const LITERAL = [
  ...['//admin/x', '/admin%2fx', '/%61dmin/x', '/ADMIN/x', '/admin;a=1/x', '/admin/x?y=/../'],
  ...['/api//admin', '/api/%252e%252e/admin', '/%61pi/admin', '/api/admin%2f'],
  '/api/%EF%BC%8E%EF%BC%8E/admin',
]

/** There is more than one reading. */
const AMBIGUOUS = [
  ...['/a/%2e%2e/admin/x', '/a/../admin/x', '/a/..%2fadmin/x', '/a\\..\\admin\\x', '/./admin/x'],
  ...['/admin/%2e%2e/pub', '/api/..%2fadmin', '//evil.example/%2e%2e/x', '/%zz', '/a;x=1/..;/b'],
  ...['/api/.%2e/admin', '/api\\..\\admin', '/api;x=1/../admin', '/api/./admin', '/api/admin/.'],
  ...['/api/%2E%2E%2Fadmin', '/api/%', '/api/%00/admin', '/api%5c..%5cadmin', '/../closed/x'],
  ...['/%2e%2e/closed/x', '/..%2fclosed/x', '\\..\\closed\\x'],
]

it('path confusion: a path arrives as it was decided on, or not at all', async () => {
  for (const path of LITERAL) {
    expect((await gate.seen(`/backends/open${path}`)).url).toBe(path)
  }
  for (const path of AMBIGUOUS) {
    expect(await statusOf(`/backends/open${path}`), path).toBe(400)
  }
  // The platform cuts a fragment off before anyone decides.
  expect((await gate.seen('/backends/open/api#/../admin')).url).toBe('/api')
  expect(await statusOf('//backends/closed/x')).toBe(404)
  expect(await statusOf('http://other.example/backends/closed/x')).toBeGreaterThanOrEqual(400)
})

it('SSRF through path join: every path stays at the backend', async () => {
  const elsewhere = gate.addIssuer('ssrf')
  const { host } = new URL(elsewhere.issuer)
  const suffix = '/ssrf/.well-known/jwks.json'
  for (const rest of [`//${host}${suffix}`, `/@${host}${suffix}`, `/http://${host}${suffix}`]) {
    const { url } = await gate.seen(`/backends/open${rest}`)
    expect(url).toBe(rest)
  }
  for (const rest of [`@${host}${suffix}`, `:80@${host}${suffix}`, `.${host}${suffix}`]) {
    expect([400, 401, 404]).toContain(await statusOf(`/backends/open${rest}`))
  }
  expect(await statusOf(`/backends/open\\\\${host}${suffix}`)).toBe(400)
  expect(elsewhere.fetches()).toBe(0)
})

it('cookie tossing and prefix bypass: a second cookie is no way in, whatever it is called', async () => {
  const [alice, mallory] = [await mintToken(), await mintToken({ sub: 'mallory' })]
  expect((await sendCookies(`__session=${alice}`)).status).toBe(200)
  const tossed = await sendCookies(`__session=${mallory}; __session=${alice}`)
  expect(tossed.body).toContain('credential_ambiguous')
  for (const text of [
    `\u00a0__session=${alice}`,
    `\u2000__session=${alice}`,
    `"__session"=${alice}`,
    `__session%3d${alice}`,
    `=__session=${alice}`,
    `__session="${alice}"`,
    `__Host-__session=${alice}`,
  ]) {
    expect((await sendCookies(text)).status, text.slice(0, 14)).toBe(401)
  }
})

it('cross-site WebSocket hijack: a cookie opens a socket for an allowed page alone', async () => {
  const cookie = `__session=${await mintToken()}`
  const url = `ws://127.0.0.1:${gate.port}/backends/closed/x`
  const open = (origin?: string) =>
    new WebSocket(url, { headers: { cookie }, ...(origin === undefined ? {} : { origin }) })
  for (const origin of [
    'https://evil.example',
    'https://app.example.evil.example',
    'http://app.example',
    'https://app.example:8443',
    'null',
  ]) {
    expect(await closing(open(origin)), origin).toMatchObject({ code: 4403 })
  }
  expect((await refusedHandshake(open())).status).toBe(403)
  const allowed = open('https://app.example')
  await new Promise((opened) => allowed.once('open', opened))
  allowed.terminate()
  const post = ['POST /backends/closed/x HTTP/1.1', 'Host: gate.example', `Cookie: ${cookie}`]
  const foreign = [...post, 'Origin: https://evil.example', 'Content-Length: 0']
  let received = ''
  for await (const chunk of openRaw(gate.port, [...foreign, 'Connection: close'])) {
    received += String(chunk)
  }
  expect(received).toMatch(/^HTTP\/1\.1 403 /)
})

it('token leakage: the credential ends at the gate, on every carrier', async () => {
  const token = await mintToken()
  const expired = await mintToken({ iat: 1, exp: 2 })
  for (const [target, lines] of [
    [`/backends/closed/x?a=1&token=${token}&b`, []],
    ['/backends/closed/x', [`Authorization: Bearer ${token}`]],
    ['/backends/closed/x', [`Cookie: a=1; __session=${token}`]],
    ['/backends/closed/x', [`Sec-WebSocket-Protocol: chat, portico.bearer.${token}`]],
  ] as const) {
    const seen = await gate.seen(target, lines)
    expect(JSON.stringify(seen)).not.toContain('eyJ')
    const refused = await gate.send(
      target.replace(token, expired),
      lines.map((line) => line.replace(token, expired)),
    )
    expect(refused.status).toBe(401)
    expect(refused.head + refused.body).not.toContain('eyJ')
    expect(refused.head).toMatch(/cache-control: no-store/i)
  }
  expect(gate.logs()).not.toContain('eyJ')
})

it('response headers: no claim becomes a header line of its own', async () => {
  const sub = 'a\r\nSet-Cookie: admin=1\r\n\r\n\u2028\u738b'
  const { head, body } = await gate.send('/backends/closed/x', [await bearer({ sub })])
  expect(head).not.toMatch(/set-cookie/i)
  const { cgi } = JSON.parse(body) as { cgi: Record<string, string> }
  expect(cgi).not.toHaveProperty('HTTP_SET_COOKIE')
  expect(cgi['HTTP_X_VERIFIED_SUBJECT']).toMatch(/^[ -~]+$/)
  expect(decodeURIComponent(cgi['HTTP_X_VERIFIED_SUBJECT'] ?? '')).toBe(sub)
})
