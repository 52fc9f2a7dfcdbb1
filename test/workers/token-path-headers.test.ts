import { describe, expect, it } from 'vitest'
import type { Grant } from '../../src/connection/connections.ts'
import { TOKEN, visitWith } from '../fixtures/token-visit.ts'

/** The headers that the backend at the origin sees. */
async function headersSeen(
  grant: Partial<Grant>,
  headers: HeadersInit = {},
  path = `/${TOKEN}/x?q=1`,
): Promise<Record<string, string>> {
  const { seen } = await visitWith({ grant }, path, { headers })
  return Object.fromEntries(seen[0]?.headers ?? [])
}

describe('the identity', () => {
  it('is what the application said when it asked for the connection', async () => {
    const headers = await headersSeen({})
    expect(headers).toEqual({
      'x-verified-username': 'zo%C3%AB',
      'x-verified-user-data': '{"role":"editor","name":"Zo\\u00eb \\ud83d\\udc4b"}',
      'x-verified-path': `/${TOKEN}/x`,
      'x-verified-backend': 'backend-1',
      'x-verified-secret': 'a-secret-of-the-backend',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'gate.example',
    })
    expect(JSON.parse(headers['x-verified-user-data'] ?? '')).toEqual({
      role: 'editor',
      name: 'Zoë 👋',
    })
  })

  it('is an empty secret and nobody for a static token', async () => {
    const nobody = { isStatic: true, user: undefined, auth: undefined, secretToken: '' }
    const headers = await headersSeen(nobody)
    expect(headers['x-verified-secret']).toBe('')
    expect(headers).not.toHaveProperty('x-verified-username')
    expect(headers).not.toHaveProperty('x-verified-user-data')
  })

  it('has no name where the application gave none', async () => {
    const headers = await headersSeen({ user: undefined, auth: '{}' })
    expect(headers).not.toHaveProperty('x-verified-username')
    expect(headers['x-verified-user-data']).toBe('{}')
  })

  it.for([
    'x-verified-username',
    'X_Verified_Username',
    'x.verified.user-data',
    'x-verified-blah',
    'x-verified-subject',
    'x-verified-permissions',
    'x-partykit-user',
    'x-forwarded-for',
    'x-forwarded-prefix',
    'forwarded',
    'x-original-path',
  ])('cannot be brought along as %s', async (name) => {
    const grant = { user: undefined, auth: undefined }
    const headers = await headersSeen(grant, { [name]: 'forged', 'x-mine': 'kept' })
    expect(Object.values(headers)).not.toContain('forged')
    expect(headers['x-mine']).toBe('kept')
  })

  it('cannot be taken away by Connection', async () => {
    const headers = await headersSeen(
      {},
      { connection: 'x-verified-username, x-mine', 'x-mine': '1' },
    )
    expect(headers['x-verified-username']).toBe('zo%C3%AB')
    expect(headers).not.toHaveProperty('x-mine')
  })

  it.for<[what: string, grant: Partial<Grant>]>([
    ['is no Unicode', { user: 'a\ud800b' }],
    ['is too large', { auth: JSON.stringify({ text: 'x'.repeat(8192) }) }],
  ])('refuses the request where it %s', async ([, grant]) => {
    const { answer, seen } = await visitWith({ grant }, `/${TOKEN}/x`)
    expect(answer?.response.status).toBe(400)
    expect(seen).toEqual([])
  })
})

it("passes the application's own credentials, cookies, subprotocols and query on", async () => {
  const own = {
    authorization: 'Bearer a.b.c',
    cookie: 'session=a.b.c; x=1',
    'sec-websocket-protocol': 'portico.bearer.a.b.c, own',
    'x-api-key': 'k',
  }
  expect(await headersSeen({}, own)).toMatchObject(own)
})

it('tells the backend the address that the platform saw', async () => {
  const headers = await headersSeen({}, { 'cf-connecting-ip': '192.0.2.1' })
  expect(headers['x-forwarded-for']).toBe('192.0.2.1')
})

const OTHER_TOKEN = 'B'.repeat(72)

it.for([
  ['of another token', `https://gate.example/${OTHER_TOKEN}/page`, undefined],
  ['of another static token', `https://gate.example/s.${OTHER_TOKEN}`, undefined],
  [
    'with a long name',
    'https://code.example/a-very-long-name/page',
    'https://code.example/a-very-long-name/page',
  ],
  ['of this token', `https://gate.example/${TOKEN}/page`, `https://gate.example/${TOKEN}/page`],
  ['of the application', 'https://app.example/page', 'https://app.example/page'],
] as const)(
  'does not hand a referring URL with a foreign token on: %s',
  async ([, referer, seen]) => {
    expect((await headersSeen({}, { referer }))['referer']).toBe(seen)
  },
)

it('sends a request with its method and body', async () => {
  const { seen } = await visitWith({}, `/${TOKEN}/x`, { method: 'PATCH', body: 'hello' })
  expect([seen[0]?.method, await seen[0]?.text(), seen[0]?.redirect]).toEqual([
    'PATCH',
    'hello',
    'manual',
  ])
})
