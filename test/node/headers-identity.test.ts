import { afterAll, beforeAll, expect, it } from 'vitest'
import { ISSUER, mintToken } from '../support/mint-token.ts'
import { rawRequest } from '../support/raw-request.ts'
import { WEBSOCKET_HANDSHAKE } from '../support/raw-socket.ts'
import { identityIn, seenThroughGate, ways } from '../support/seen-through-gate.ts'
import { serveBackendGate, type BackendGate } from '../support/serve-backend-gate.ts'

let gate: BackendGate
beforeAll(async () => {
  gate = await serveBackendGate()
})
afterAll(() => gate.stop())

const IDENTITIES = [
  { sub: 'alice', sid: 'session-1', role: 'admin' },
  { sub: 'Zoë 王', sid: '中文', name: '👩‍👩‍👧 Zoë', nested: { list: ['é', '\u2028', '\u0000'] } },
  { sub: ' leading and trailing ', sid: '%41', quote: '"\\', percent: '100%' },
  { sub: 'a\r\nx-verified-username: admin', newline: '\r\nx-forged: 1' },
  { sub: '%00%0d%0a', empty: '', nothing: null, number: 1e21, yes: true },
]

it.for(ways.flatMap((way) => IDENTITIES.map((claims) => ({ way, claims }))))(
  'tells a $way.kind over $way.by exactly who is there: $claims.sub',
  async ({ way, claims }) => {
    const lines = [`Authorization: Bearer ${await mintToken(claims)}`]
    const { sub, ...data } = claims
    const { sid } = { sid: undefined, ...claims }
    const told = identityIn(await seenThroughGate(gate.worker.port, way, 'required', lines))
    const { HTTP_X_VERIFIED_USER_DATA: json = '', ...texts } = told
    expect(json).toMatch(/^[ -~]+$/)
    expect(JSON.parse(json)).toEqual(data)
    const decoded = Object.entries(texts).map(([name, text]) => [name, decodeURIComponent(text)])
    expect(Object.fromEntries(decoded)).toEqual({
      HTTP_X_VERIFIED_USERNAME: sub,
      HTTP_X_VERIFIED_SUBJECT: sub,
      HTTP_X_VERIFIED_ISSUER: ISSUER,
      ...(sid === undefined ? {} : { HTTP_X_VERIFIED_SESSION: sid }),
    })
  },
)

it.for(ways)('tells a $kind over $by of nobody where nobody logged in', async (way) => {
  expect(identityIn(await seenThroughGate(gate.worker.port, way, 'api', []))).toEqual({})
})

// A token may itself have 8 KiB, but a character takes more bytes in a header than in a token.
it.for([
  [{ data: '王'.repeat(1400) }, 'x-verified-user-data'],
  [{ sid: '王'.repeat(900) }, 'x-verified-session'],
] as const)(
  'refuses identity headers over 8 KiB and names the largest',
  async ([claims, largest]) => {
    const login = `Authorization: Bearer ${await mintToken(claims)}`
    for (const target of ['/backends/required/x', '/parties/required/room']) {
      for (const lines of [['Host: gate.example'], WEBSOCKET_HANDSHAKE]) {
        const request = [`GET ${target} HTTP/1.1`, ...lines, login]
        const response = await rawRequest(gate.worker.port, request)
        expect(response).toMatch(/^HTTP\/1\.1 400 /)
        expect(response).toMatch(
          new RegExp(
            `identity headers take \\d+ of 8192 bytes; the largest, ${largest}, takes \\d+`,
          ),
        )
      }
    }
  },
)

it('lets identity headers of nearly 8 KiB through', async () => {
  const login = `Authorization: Bearer ${await mintToken({ data: '王'.repeat(1290) })}`
  for (const way of ways) {
    const seen = await seenThroughGate(gate.worker.port, way, 'required', [login])
    expect(seen['HTTP_X_VERIFIED_USER_DATA']).toHaveLength(1290 * 6 + '{"data":""}'.length)
  }
})
